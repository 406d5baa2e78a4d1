//! A node's copy that was damaged while the node was away.

use std::fs::{self, File};

use np_testkit::wait;

use super::handover::{HOST, Served, WITHIN};

#[tokio::test]
async fn a_copy_that_was_cut_is_set_aside_and_pulled_again() {
    let mut served = Served::start().await;
    served.edge.stop().await.unwrap();
    let data = served.edge.data().join("replica/edge/data.mdb");
    let length = fs::metadata(&data).unwrap().len();
    File::options().write(true).open(&data).unwrap().set_len(length / 2).unwrap();
    served.edge.start().await.unwrap();
    let served_again = wait::until("the name is served again", WITHIN, async || {
        served.visitor().get(HOST).await.is_ok_and(|(status, _)| status == 200).then_some(())
    });
    served_again.await.unwrap();
    assert!(data.with_file_name("data.mdb.corrupt-1").exists());
    assert!(fs::read_to_string(served.edge.log()).unwrap().contains("replica.set_aside"));
}
