//! What the deciding side asks of the world and of memory. Each port has two real implementations, or a test that must
//! make it fail. The contracts stand on the traits; adapters keep them, callers rely on them.

mod approval_store;
mod authority;
mod budget_store;
mod clock;
mod csr_store;
mod dns_record_store;
mod feed_store;
mod hostname_list;
mod http_probe;
mod idempotency;
mod inspector;
mod resolver;
mod rule_store;
mod store;
mod vault;
mod zone_store;

pub use approval_store::ApprovalStore;
pub use authority::{
    Authority, AuthorityError, LimitScope, OrderStatus, OrderTerms, RATE_LIMIT_WORDS,
};
pub use budget_store::{BudgetStore, Grant, QueueLength, Wish};
pub use clock::Clock;
pub use csr_store::{CsrOrder, CsrRemoval, CsrStore};
pub use dns_record_store::{
    DnsRecordChange, DnsRecordChangeError, DnsRecordFilter, DnsRecordOrder, DnsRecordStore,
    DnsRecordTerm, Matching, Sought, TagTerm, TextMatch,
};
pub use feed_store::{FeedItem, FeedPosition, FeedStore, FeedSubject, NodeReport, NodeRole};
pub use hostname_list::{
    HostnameFilter, HostnameList, HostnamePage, NameFilter, Order, Position, Start, Total,
};
pub use http_probe::{BODY_BYTES_MAX, HttpProbe, ProbeFailure, ProbeReply, ProbeRequest};
pub use idempotency::{Attempt, Begun, IdempotencyStore, KeptAnswer, KeyedRequest};
pub use inspector::Inspector;
pub use resolver::{LookupFailure, Resolver, TxtAnswer};
pub use rule_store::{RULES_MAX, RuleStore};
pub use store::{
    AccountStore, AddError, Addition, CertificateChange, CertificateStore, Direction, HistoryStore,
    Hold, HostnameChange, HostnameStore, InsertError, InsertPackError, Lease, LeaseOwner,
    PackChange, PackStore, Page, Publish, Revision, SecretStore, StoreError, TokenUse,
};
pub use vault::{Vault, VaultError};
pub use zone_store::{
    TextFilter, TextRelation, VisibleZones, ZoneFilter, ZoneOrder, ZoneStore, ZoneTerm,
};
