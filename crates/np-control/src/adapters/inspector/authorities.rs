//! The name servers of a name's zone: the closest NS records above it, and their addresses, all from a resolver with DNSSEC
//! unchecked, because a broken zone must be found too.

use std::{net::SocketAddr, sync::Arc};

use futures_util::future::join_all;
use np_domain::{
    diagnosis::sight::{Data, Outcome, Question, RecordKind, Reply, Server},
    name::DnsName,
};

use super::{NAME_SERVERS_MAX, Run, distinct, exchange::Flags, locked};
use crate::adapters::reserved::is_reserved;

impl Run<'_> {
    /// The servers of the name's zone, as far as they can be found. A top-level domain's are not asked.
    pub(super) async fn authorities(&self, name: &DnsName) -> Option<Arc<Vec<Server>>> {
        let zones: Vec<DnsName> =
            name.and_ancestors().filter_map(|above| above.parse().ok()).collect();
        let (_, zones) = zones.split_last()?;
        for zone in zones {
            let cell = locked(&self.zones).entry(zone.clone()).or_default().clone();
            if let Some(servers) = cell.get_or_init(|| self.servers_of(zone)).await {
                return Some(servers.clone());
            }
        }
        None
    }

    /// The servers that stand at this name; `None` when no zone begins there.
    async fn servers_of(&self, zone: &DnsName) -> Option<Arc<Vec<Server>>> {
        let reply = self.resolve(zone, RecordKind::Ns).await?;
        let names = reply.at(zone, RecordKind::Ns).filter_map(|record| match &record.data {
            Data::Ns(name) => Some(name.clone()),
            _ => None,
        });
        let mut names = distinct(names);
        names.sort();
        names.truncate(NAME_SERVERS_MAX);
        if names.is_empty() {
            return None;
        }
        let servers = names.into_iter().map(|name| async move {
            let address = self.address(&name).await;
            Server::Authority { zone: zone.clone(), name, address }
        });
        Some(Arc::new(join_all(servers).await))
    }

    /// The first address that may be asked; IPv4 first, because this machine may have no IPv6.
    async fn address(&self, name: &DnsName) -> Option<SocketAddr> {
        let settings = &self.inspector.settings;
        for kind in [RecordKind::A, RecordKind::Aaaa] {
            let Some(reply) = self.resolve(name, kind).await else { continue };
            let addresses = reply.records.iter().filter_map(|record| record.data.address());
            let mut allowed = addresses.filter(|ip| settings.allow_reserved || !is_reserved(*ip));
            if let Some(ip) = allowed.next() {
                return Some(SocketAddr::new(ip, settings.authority_port));
            }
        }
        None
    }

    /// The first good answer of a resolver.
    async fn resolve(&self, name: &DnsName, kind: RecordKind) -> Option<Reply> {
        let question = Question { name: name.clone(), kind };
        for server in &self.inspector.settings.resolvers {
            match self.exchange(*server, &question, Flags::UNCHECKED).await {
                Outcome::Reply(reply) if reply.is_good() => return Some(reply),
                _ => {}
            }
        }
        None
    }
}
