//! Two control processes on one store share the work.

use np_domain::certificate::DcvMethod;

use crate::world::TestWorld;

#[tokio::test]
async fn two_processes_do_nothing_twice() {
    const HOSTNAMES: u8 = 20;
    let world = TestWorld::delegated().await;
    for number in 1..=HOSTNAMES {
        world.add(number, &format!("app{number}.customer.com"), DcvMethod::Txt).await;
    }
    let (one, two) = (world.control("one"), world.control("two"));
    let (by_one, by_two) = tokio::join!(one.pass(), two.pass());
    assert_eq!(by_one + by_two, 2 * usize::from(HOSTNAMES));
    for _ in 0..10 {
        tokio::join!(one.pass(), two.pass());
        world.advance(std::time::Duration::from_secs(1)).await;
    }
    let inner = world.authority.inner();
    assert_eq!((inner.placed, inner.signed), (u32::from(HOSTNAMES), u32::from(HOSTNAMES)));
}
