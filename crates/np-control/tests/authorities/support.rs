//! What the tests of both kinds of CA share: memory and vault that hide nothing, proofs that are shown, certificates that
//! are judged.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use hickory_proto::rr::RecordType;
use np_control::adapters::{clock::SystemClock, keys, x509::chain_facts};
use np_domain::{
    Timestamp,
    certificate::{
        AuthorityName, CertName, ControlProof, DcvMethod, KeyType, Order, chain::ValidatedChain,
    },
    name::Hostname,
    ports::{
        Authority, AuthorityError, Clock, OrderStatus, OrderTerms, SecretStore, StoreError, Vault,
        VaultError,
    },
    secret::{SealedBytes, SecretBytes},
};
use np_testkit::{dns::DnsServer, wait};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// How long a CA on this machine may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The CA's name in all tests.
pub(crate) const NAME: AuthorityName = AuthorityName::LetsEncrypt;

/// Secrets in memory, which can be lost at one write.
#[derive(Default)]
pub(crate) struct MemorySecrets(Mutex<HashMap<String, SealedBytes>>, Mutex<Option<Loss>>);

/// At which write the caller finds memory gone, as one does who dies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// A first secret was kept, and nobody heard of it.
    AfterKeep,
    /// Another one was to take its place, and does not.
    BeforeReplace,
    /// Another one took its place, and nobody heard of it.
    AfterReplace,
}

impl MemorySecrets {
    /// Loses the next write of that kind.
    pub(crate) fn lose(&self, loss: Loss) {
        *self.1.lock().expect("no panic") = Some(loss);
    }

    fn lost(&self, now: Loss) -> Result<(), StoreError> {
        let mut loss = self.1.lock().expect("no panic");
        if *loss == Some(now) {
            *loss = None;
            return Err(StoreError::Unavailable("lost".into()));
        }
        Ok(())
    }

    /// The names of what is kept.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.lock().expect("no panic").keys().cloned().collect()
    }
}

#[async_trait]
impl SecretStore for MemorySecrets {
    async fn secret(&self, name: &str) -> Result<Option<SealedBytes>, StoreError> {
        Ok(self.0.lock().expect("no panic").get(name).cloned())
    }

    async fn keep_secret(
        &self,
        name: &str,
        sealed: &SealedBytes,
    ) -> Result<SealedBytes, StoreError> {
        let mut kept = self.0.lock().expect("no panic");
        let kept = kept.entry(name.to_owned()).or_insert_with(|| sealed.clone()).clone();
        self.lost(Loss::AfterKeep)?;
        Ok(kept)
    }

    async fn forget_secrets(&self, from: &str, until: &str) -> Result<(), StoreError> {
        self.0.lock().expect("no panic").retain(|name, _| !(from..until).contains(&name.as_str()));
        Ok(())
    }

    async fn replace_secret(
        &self,
        name: &str,
        expected: &SealedBytes,
        sealed: &SealedBytes,
    ) -> Result<Option<SealedBytes>, StoreError> {
        self.lost(Loss::BeforeReplace)?;
        let mut kept = self.0.lock().expect("no panic");
        if let Some(secret) = kept.get_mut(name).filter(|secret| *secret == expected) {
            *secret = sealed.clone();
        }
        self.lost(Loss::AfterReplace)?;
        Ok(kept.get(name).cloned())
    }

    async fn remove_secret(&self, name: &str) -> Result<(), StoreError> {
        self.0.lock().expect("no panic").remove(name);
        Ok(())
    }
}

/// Puts the context in front, and checks it: all that the adapters can get wrong.
pub(crate) struct OpenVault;

impl Vault for OpenVault {
    fn seal(&self, context: &'static str, secret: &SecretBytes) -> SealedBytes {
        SealedBytes::from_vec([context.as_bytes(), b":", secret.expose()].concat())
    }

    fn open(&self, context: &'static str, sealed: &SealedBytes) -> Result<SecretBytes, VaultError> {
        let prefix = [context.as_bytes(), b":"].concat();
        let secret = sealed.as_bytes().strip_prefix(prefix.as_slice()).ok_or(VaultError)?;
        Ok(SecretBytes::new(secret.to_vec()))
    }
}

/// Where proofs are shown: a name server, and a web server that every name leads to.
pub(crate) struct Stage {
    pub(crate) dns: DnsServer,
    pub(crate) web: SocketAddr,
    files: Arc<Mutex<HashMap<String, String>>>,
}

impl Stage {
    pub(crate) async fn start() -> Self {
        let dns = DnsServer::start().await.expect("a name server");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let web = listener.local_addr().expect("an address");
        let files = Arc::default();
        tokio::spawn(serve(listener, Arc::clone(&files)));
        Self { dns, web, files }
    }

    /// Lets the name lead to the web server.
    pub(crate) fn host(&self, name: &str) -> Hostname {
        self.dns.set(name, RecordType::A, &["127.0.0.1"]);
        name.parse().expect(name)
    }

    /// Shows all proofs that the order wants.
    pub(crate) fn show(&self, order: &Order) {
        let mut values: HashMap<&str, Vec<&str>> = HashMap::new();
        for control in &order.controls {
            match &control.proof {
                ControlProof::Http { path, body } => {
                    let mut files = self.files.lock().expect("no panic");
                    files.insert(path.as_str().to_owned(), body.as_str().to_owned());
                }
                ControlProof::Txt { name, value } => {
                    values.entry(name.as_str()).or_default().push(value.as_str());
                }
                ControlProof::Cname { name, target } => {
                    self.dns.set(name.as_str(), RecordType::CNAME, &[target.as_str()]);
                }
                ControlProof::Email { .. } => {}
            }
        }
        for (name, values) in values {
            self.dns.set(name, RecordType::TXT, &values);
        }
    }

    /// Takes all files away.
    pub(crate) fn clear_files(&self) {
        self.files.lock().expect("no panic").clear();
    }
}

async fn serve(listener: TcpListener, files: Arc<Mutex<HashMap<String, String>>>) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let files = Arc::clone(&files);
        tokio::spawn(async move {
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let file = files.lock().expect("no panic").get(path).cloned();
            let (status, body) = match file {
                Some(body) => ("200 OK", body),
                None => ("404 Not Found", String::from("nothing here")),
            };
            let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: ");
            let answer = format!("{head}{}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        });
    }
}

pub(crate) fn terms(names: Vec<CertName>, method: DcvMethod, key_type: KeyType) -> OrderTerms {
    OrderTerms { names, method, key_type, not_after: None, replaces: None }
}

/// In so many days, to the second.
pub(crate) fn in_days(days: i64) -> Timestamp {
    let end = SystemClock.now() + time::Duration::days(days);
    end.replace_nanosecond(0).expect("a whole second")
}

pub(crate) fn exact(host: &Hostname) -> Vec<CertName> {
    vec![CertName::Exact(host.clone())]
}

pub(crate) fn with_wildcard(host: &Hostname) -> Vec<CertName> {
    vec![CertName::Exact(host.clone()), CertName::Wildcard(host.wildcard())]
}

/// Polls until the CA has made up its mind.
pub(crate) async fn verdict(
    authority: &dyn Authority,
    order: &Order,
) -> Result<OrderStatus, AuthorityError> {
    wait::until("the verdict of the CA", PATIENCE, async || match authority.poll(order).await {
        Ok(OrderStatus::Pending | OrderStatus::Processing) => None,
        decided => Some(decided),
    })
    .await
    .expect("a verdict")
}

/// Takes an order whose proofs are visible through to its judged chain.
pub(crate) async fn complete(
    authority: &dyn Authority,
    order: &Order,
) -> Result<ValidatedChain, AuthorityError> {
    authority.tell(order).await?;
    assert_eq!(verdict(authority, order).await?, OrderStatus::Ready);
    let names: Vec<_> = order.controls.iter().map(|control| control.name.clone()).collect();
    let made = keys::request(&names, order.key_type).expect("a key");
    authority.finalize(order, &made.csr).await?;
    assert_eq!(verdict(authority, order).await?, OrderStatus::Valid);
    let chain = authority.fetch(order).await?;
    let facts = chain_facts(&chain, &made.key).expect("a chain");
    Ok(ValidatedChain::check(facts, &names, order.key_type, SystemClock.now())
        .expect("a fit chain"))
}

/// Issues from the first step to the last.
pub(crate) async fn issue(
    authority: &dyn Authority,
    stage: &Stage,
    terms: &OrderTerms,
) -> Result<ValidatedChain, AuthorityError> {
    let order = authority.place(terms).await?;
    stage.show(&order);
    complete(authority, &order).await
}
