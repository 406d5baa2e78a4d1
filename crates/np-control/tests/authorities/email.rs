//! The local CA validates by e-mail: over SMTP to a real mail server, with approvals in a real store.

use std::{sync::Arc, time::Duration};

use np_control::adapters::{
    approval_desk::{ApprovalDesk, DeskSettings, link_hash},
    clock::SystemClock,
    http_probe::{HttpTokenProbe, ProbeSettings},
    local_ca::{LocalAuthority, LocalSettings},
    mail::{Login, MailSettings, MailTls, Mailer},
    resolver::{DnsResolver, ResolverSettings},
};
use np_domain::{
    approval::Asking,
    certificate::{Actor, CertName, DcvMethod, KeyType, Order},
    id::{PackId, ZoneId},
    ports::{ApprovalStore, Authority, AuthorityError, Clock, OrderStatus},
    secret::SecretBytes,
};
use np_store::{Store, StoreOptions};
use np_testkit::{
    ca::{Ca, LeafKey},
    clock::TestClock,
    mail::{LOGIN, Mail, MailSink},
};

use crate::support::{MemorySecrets, NAME, OpenVault, complete, terms, verdict};

struct World {
    store: Arc<Store>,
    clock: TestClock,
    sink: MailSink,
    _folder: tempfile::TempDir,
}

impl World {
    async fn start(refused: &[&str]) -> Self {
        Self::around(MailSink::start(refused).await.expect("a mail server")).await
    }

    async fn around(sink: MailSink) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        let store = Store::open(&url, &StoreOptions::default()).await.expect("a store");
        // Chains are judged by the real time.
        let clock = TestClock::new();
        clock.advance((SystemClock.now() - TestClock::START).unsigned_abs());
        Self { store: Arc::new(store), clock, sink, _folder: folder }
    }

    fn settings(&self) -> MailSettings {
        MailSettings {
            relay: "127.0.0.1".to_owned(),
            port: self.sink.address().port(),
            tls: MailTls::None,
            root_pem: None,
            login: None,
            from: "Certificates <certificates@provider.com>".to_owned(),
            timeout: Duration::from_secs(10),
        }
    }

    async fn authority(&self) -> LocalAuthority {
        self.authority_by(&self.settings()).await
    }

    async fn authority_by(&self, mail: &MailSettings) -> LocalAuthority {
        let mailer = Mailer::new(mail).expect("mail");
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let settings = DeskSettings {
            public_url: "https://validate.provider.com".to_owned(),
            mailings_max: 3,
        };
        let desk = ApprovalDesk::new(self.store.clone(), mailer, clock.clone(), settings);
        let resolver = Arc::new(DnsResolver::new(ResolverSettings::default()).expect("a resolver"));
        let probe = Arc::new(HttpTokenProbe::new(ProbeSettings::default(), resolver.clone()));
        let local = LocalSettings::new(NAME, "validate.ca.net".parse().expect("a name"));
        let secrets = MemorySecrets::default();
        let opened =
            LocalAuthority::open(local, resolver, probe, clock, &secrets, &OpenVault).await;
        opened.expect("a root").with_desk(Arc::new(desk))
    }

    fn asking(&self) -> Asking {
        let (zone, certificate) = (ZoneId::from_bytes([1; 16]), PackId::from_bytes([2; 16]));
        Asking { zone, certificate, since: self.clock.now() }
    }

    /// An order for these names, whose people were asked.
    async fn asked(&self, authority: &LocalAuthority, names: &[&str]) -> Order {
        let order = authority.place(&by_email(names)).await.expect("an order");
        authority.invite(&order, &self.asking()).await.expect("mails");
        order
    }

    async fn approve(&self, mail: &Mail) -> bool {
        self.store
            .give_approval(&link_hash(&secret(mail)), self.clock.now())
            .await
            .expect("a store")
    }
}

fn by_email(names: &[&str]) -> np_domain::ports::OrderTerms {
    let names: Vec<CertName> = names.iter().map(|name| name.parse().expect(name)).collect();
    terms(names, DcvMethod::Email, KeyType::P256)
}

/// The secret of the link in a mail.
fn secret(mail: &Mail) -> String {
    let link = "https://validate.provider.com/approve/";
    let (_, rest) = mail.text.split_once(link).unwrap_or_else(|| panic!("no link in {mail:?}"));
    rest.split_whitespace().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn people_of_the_domain_are_asked_and_one_approval_is_enough() {
    let world = World::start(&[]).await;
    let authority = world.authority().await;
    let order = world.asked(&authority, &["app.customer.com", "*.app.customer.com"]).await;
    let mails = world.sink.first(5).await.unwrap();
    let mut to: Vec<_> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    to.sort_unstable();
    let mailboxes = ["admin", "administrator", "hostmaster", "postmaster", "webmaster"];
    assert_eq!(to, mailboxes.map(|mailbox| format!("{mailbox}@customer.com")));
    let mail = &mails[0];
    assert_eq!(mail.from, "certificates@provider.com");
    assert_eq!(mail.subject, "Approve a certificate for customer.com");
    assert_eq!(mail.headers["auto-submitted"], "auto-generated");
    for part in
        ["    app.customer.com\n", "    *.app.customer.com\n", "2028-03-15", "press the button"]
    {
        assert!(mail.text.contains(part), "{part}: {}", mail.text);
    }
    let secrets: std::collections::BTreeSet<_> = mails.iter().map(secret).collect();
    assert_eq!(secrets.len(), 5, "each has a link of its own");

    assert!(world.approve(mail).await);
    assert!(!world.approve(&mails[1]).await, "it is given once");
    let chain = complete(&authority, &order).await.unwrap();
    assert_eq!(chain.facts().names.len(), 2);
}

#[tokio::test]
async fn without_an_approval_nothing_is_issued_and_one_for_another_order_is_none() {
    let world = World::start(&[]).await;
    let authority = world.authority().await;
    let order = world.asked(&authority, &["app.customer.com"]).await;
    let other = world.asked(&authority, &["app.customer.com"]).await;
    let mails = world.sink.first(10).await.unwrap();
    assert!(world.approve(&mails[0]).await, "the first order's");
    authority.tell(&other).await.unwrap();
    let OrderStatus::Invalid(problems) = verdict(&authority, &other).await.unwrap() else {
        panic!("the other order was not approved");
    };
    assert_eq!(problems[0].message.as_str(), "app.customer.com: nobody has approved it by e-mail");
    complete(&authority, &order).await.unwrap();
}

#[tokio::test]
async fn mails_are_sent_again_when_that_is_asked_for_with_pauses_and_a_limit() {
    let world = World::start(&[]).await;
    let authority = world.authority().await;
    let order = world.asked(&authority, &["app.customer.com"]).await;
    let since = world.asking();
    authority.invite(&order, &since).await.unwrap();
    assert_eq!(world.sink.first(5).await.unwrap().len(), 5, "asked for once, sent once");

    world.clock.advance(Duration::from_secs(60));
    let soon = authority.invite(&order, &world.asking()).await.unwrap_err();
    assert!(
        matches!(&soon, AuthorityError::RateLimited { retry_after: Some(wait), .. }
        if *wait == Duration::from_secs(240)),
        "{soon}"
    );

    world.clock.advance(Duration::from_secs(240));
    authority.invite(&order, &world.asking()).await.unwrap();
    let mails = world.sink.first(10).await.unwrap();
    let old = world.store.approval_by_link(&link_hash(&secret(&mails[0]))).await.unwrap();
    assert_eq!(old, None, "a newer mail takes the place of the old one");

    world.clock.advance(Duration::from_secs(600));
    authority.invite(&order, &world.asking()).await.unwrap();
    world.clock.advance(Duration::from_secs(600));
    let many = authority.invite(&order, &world.asking()).await.unwrap_err();
    assert!(many.to_string().contains("written to 3 times within a day"), "{many}");
}

#[tokio::test]
async fn mailboxes_that_do_not_exist_hinder_nothing_unless_all_do_not() {
    let world = World::start(&["admin", "administrator", "hostmaster", "webmaster"]).await;
    let authority = world.authority().await;
    world.asked(&authority, &["app.customer.com"]).await;
    let mails = world.sink.first(1).await.unwrap();
    assert_eq!(mails[0].to, ["postmaster@customer.com"]);

    let all = ["admin", "administrator", "hostmaster", "webmaster", "postmaster"];
    let world = World::start(&all).await;
    let authority = world.authority().await;
    let order = authority.place(&by_email(&["app.customer.com"])).await.unwrap();
    let why = authority.invite(&order, &world.asking()).await.unwrap_err();
    let AuthorityError::Refused(problem) = &why else { panic!("{why}") };
    assert_eq!(problem.actor, Actor::Provider);
    assert!(problem.message.as_str().contains("no such mailbox"), "{why}");
}

#[tokio::test]
async fn a_relay_that_wants_starttls_and_a_login_gets_both() {
    let ca = Ca::root("Mail root");
    let (now, day) = (SystemClock.now(), time::Duration::DAY);
    let leaf = ca.leaf_between(&["localhost"], LeafKey::P256, now - day, now + day);
    let world = World::around(MailSink::guarded(&leaf).await.expect("a mail server")).await;
    let (user, password) = LOGIN;
    let login = |password: &str| {
        Some(Login {
            user: user.to_owned(),
            password: SecretBytes::new(password.as_bytes().to_vec()),
        })
    };
    let settings = MailSettings {
        relay: "localhost".to_owned(),
        tls: MailTls::StartTls,
        root_pem: Some(ca.pem.clone()),
        login: login(password),
        ..world.settings()
    };
    let authority = world.authority_by(&settings).await;
    world.asked(&authority, &["app.customer.com"]).await;
    assert!(world.sink.first(5).await.unwrap().iter().all(|mail| mail.tls));

    let wrong = MailSettings { login: login("guessed"), ..settings.clone() };
    let stranger = MailSettings { root_pem: Some(Ca::root("Another").pem), ..settings };
    for refused in [wrong, stranger] {
        let authority = world.authority_by(&refused).await;
        let order = authority.place(&by_email(&["app.customer.com"])).await.unwrap();
        let why = authority.invite(&order, &world.asking()).await.unwrap_err();
        assert!(why.to_string().contains("no mail about customer.com could be sent"), "{why}");
    }
}
