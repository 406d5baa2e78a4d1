//! What `dig` makes of us: a client that was written by others.

use std::process::Stdio;

use np_dns::RunningDns;
use tokio::process::Command;

use crate::world::{DOMAIN, TARGET, World};

/// The output of `dig` with `arguments`.
pub(crate) async fn dig(dns: &RunningDns, arguments: &[&str]) -> String {
    let address = dns.addr();
    let mut command = Command::new("dig");
    command.arg(format!("@{}", address.ip())).args(["-p", &address.port().to_string()]);
    command.args(["+norecurse", "+nocookie", "+tries=1", "+time=5"]).args(arguments);
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.expect("dig is not installed: run `make setup`");
    String::from_utf8(output.stdout).unwrap()
}

async fn check(world: &World, arguments: &[&str], expected: &[&str]) {
    let output = dig(&world.dns, arguments).await;
    for part in expected {
        assert!(output.contains(part), "{arguments:?}: {part:?} is not in\n{output}");
    }
    for warning in [";; WARNING", ";; Got bad packet", "malformed"] {
        assert!(!output.contains(warning), "{arguments:?}: {output}");
    }
}

#[tokio::test]
async fn dig_finds_values_aliases_and_name_servers() {
    let world = World::start();
    for transport in ["+notcp", "+tcp"] {
        check(
            &world,
            &[transport, "_acme-challenge.app.customer.com", "TXT"],
            &[
                "status: NOERROR",
                "flags: qr aa;",
                "ANSWER: 3, AUTHORITY: 0",
                &format!("CNAME\t{TARGET}."),
                "\"token-one\"",
                "\"token-two\"",
            ],
        )
        .await;
    }
    check(&world, &[DOMAIN, "NS"], &["NS\tns1.dcv.platform.net.", "ns1.dcv.platform.net.\t3600"])
        .await;
    check(&world, &[DOMAIN, "ANY", "+notcp"], &["ANSWER: 1", "HINFO\t\"RFC8482\" \"\""]).await;
}

#[tokio::test]
async fn dig_sees_each_way_of_having_nothing() {
    let world = World::start();
    let soa = "SOA\tns1.dcv.platform.net. hostmaster.dcv.platform.net. 1 ";
    check(&world, &[TARGET, "CAA"], &["status: NOERROR", "ANSWER: 0, AUTHORITY: 1", soa]).await;
    check(&world, &["none.dcv.platform.net", "TXT"], &["status: NXDOMAIN", "flags: qr aa;", soa])
        .await;
    check(&world, &["customer.com.9dbb86635115718e.dcv.platform.net"], &["status: NOERROR", soa])
        .await;
    check(&world, &["example.org"], &["status: REFUSED", "flags: qr;"]).await;
    check(&world, &["+opcode=notify", DOMAIN, "SOA"], &["status: NOTIMP"]).await;
    check(&world, &["-c", "CH", "version.bind", "TXT"], &["status: REFUSED"]).await;
}

#[tokio::test]
async fn dig_agrees_on_edns_and_falls_back_to_tcp() {
    let world = World::start();
    check(&world, &["+dnssec", DOMAIN, "SOA"], &["EDNS: version: 0, flags: do; udp: 1232"]).await;
    check(&world, &["+edns=1", "+noednsnegotiation", DOMAIN, "SOA"], &["status: BADVERS"]).await;
    check(&world, &["+ednsopt=65001:00ff", DOMAIN, "SOA"], &["status: NOERROR"]).await;
    let values = ["a", "b", "c"].map(|letter| letter.repeat(600));
    world.replica.put(TARGET, &values.each_ref().map(String::as_str));
    check(&world, &["+ignore", TARGET, "TXT"], &["flags: qr aa tc;", "ANSWER: 0"]).await;
    check(&world, &[TARGET, "TXT"], &[";; Truncated, retrying in TCP mode", "ANSWER: 3"]).await;
}
