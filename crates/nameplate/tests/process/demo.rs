//! `nameplate demo` shows what it says.

use std::process::Command;

use super::world::EXECUTABLE;

#[test]
fn the_demo_takes_three_hostnames_to_a_verified_answer() {
    let output = Command::new(EXECUTABLE).args(["demo", "--exit"]).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}\n{errors}");
    assert_eq!(errors, "");
    for hostname in ["app.acme-bikes.com", "shop.blue-coffee.net", "portal.north-clinic.org"] {
        assert!(told.contains(&format!("host={hostname}")), "{told}");
    }
    for step in [
        "ownership proven",
        "DCV record seen",
        "certificate issued",
        "deployed",
        "HTTPS 200",
        "chain verified",
    ] {
        assert_eq!(told.matches(step).count(), 3, "{step}:\n{told}");
    }
    for record in ["_cf-custom-hostname.shop", "_acme-challenge.portal", ".dcv.nameplate.example"] {
        assert!(told.contains(record), "{record}:\n{told}");
    }
    assert!(told.contains("All 3 hostnames are active"), "{told}");
}
