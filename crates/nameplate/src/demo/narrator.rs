//! How the demo is told: a line for each step, with the time since the API call that began it.

use std::time::Duration;

use np_dns::StaticRecord;
use np_domain::event::{Event, EventKind};

use super::{
    story::{CUSTOMERS, Customer, CustomerRecord},
    visitor::Visit,
    world::{PROVIDER, World},
};

/// Tells it on standard output.
pub(super) struct Narrator;

impl Narrator {
    /// Where everything is.
    pub(super) fn opening(&self, world: &World) {
        println!(
            "Nameplate demo: three customers' hostnames, from an API call to a verified HTTPS answer."
        );
        println!(
            "Everything runs in this process, on loopback; the certificates are the local CA's.\n"
        );
        println!("  API     {}", world.api.base);
        println!("  HTTPS   {}      HTTP   {}", world.https, world.http);
        println!("  DNS     {}      admin  http://{}", world.dns, world.admin);
    }

    /// The provider's zone.
    pub(super) fn zone(&self, zone: &str, origin: &str, took: Duration) {
        println!("\nThe provider adds zone {PROVIDER} ({zone})");
        self.step(took, "zone ready", &format!("fallback origin {origin}"));
    }

    /// A customer comes in.
    pub(super) fn customer(&self, number: usize, customer: &Customer) {
        println!("\n{number}. {}: certificate by {}", customer.hostname, customer.method());
        println!("   The customer {}.", customer.what);
    }

    /// One step.
    pub(super) fn step(&self, at: Duration, what: &str, detail: &str) {
        println!("  {:>7.3} s  {what:<22} {detail}", at.as_secs_f64());
    }

    /// What the customer adds.
    pub(super) fn records(&self, at: Duration, records: &[CustomerRecord]) {
        self.step(at, "records added", "by the customer, at their DNS provider:");
        for added in records {
            let (kind, value) = match &added.record {
                StaticRecord::A(address) => ("A", address.to_string()),
                StaticRecord::Cname(target) => ("CNAME", target.to_string()),
                StaticRecord::Txt(text) => ("TXT", format!("\"{text}\"")),
                other => ("", format!("{other:?}")),
            };
            println!("             {:<45} {kind:<5} {value}", added.name);
        }
    }

    /// Something that the history tells.
    pub(super) fn event(&self, at: Duration, event: &Event) {
        let what = match event.kind {
            EventKind::Created => "created",
            // Ours: the PATCH that asks to look again.
            EventKind::Edited => return,
            EventKind::CertificateDeployed => "deployed",
            EventKind::CertificateIssued => "certificate issued",
            EventKind::CertificateOrdered => "certificate ordered",
            EventKind::ControlSeen => "DCV record seen",
            EventKind::ControlUnseen => "DCV record not seen",
            EventKind::IssuanceRequested => "CA convinced",
            EventKind::OwnershipProven => "ownership proven",
            EventKind::OwnershipRestarted => "checks restarted",
            EventKind::OwnershipUnproven => "ownership not proven",
            other => other.as_str(),
        };
        let detail = event.detail.as_str();
        // The order's URL at the CA helps nobody here.
        let detail = match event.kind {
            EventKind::CertificateOrdered => detail.split(": ").next().unwrap_or(detail),
            _ => detail,
        };
        self.step(at, what, detail);
    }

    /// What the visitor saw.
    pub(super) fn visit(&self, at: Duration, visit: &Visit) {
        let detail = format!("{}, chain verified against the local CA's root", visit.tls);
        self.step(at, &format!("HTTPS {}", visit.status.as_u16()), &detail);
        println!("             {}", visit.body);
    }

    /// All went well.
    pub(super) fn ending(&self, count: usize) {
        println!("\nAll {count} hostnames are active and answer over HTTPS.");
    }

    /// What can be tried while everything stays up.
    pub(super) fn stay(&self, world: &World) {
        let [first, _, third] = CUSTOMERS.map(|customer| customer.hostname);
        let (token, root) = (&world.api.token, world.root.display());
        println!("\nIt stays up. The administrator's API token is {token}\n\nTry:\n");
        println!("  curl -H 'Authorization: Bearer {token}' {}/zones\n", world.api.base);
        println!(
            "  curl --cacert {root} --resolve {first}:{}:{} https://{first}:{}/\n",
            world.https.port(),
            world.https.ip(),
            world.https.port()
        );
        println!("  dig @{} -p {} _acme-challenge.{third} TXT\n", world.dns.ip(), world.dns.port());
        println!("Ctrl-C ends it; nothing is left behind.");
    }
}
