//! The probe against real listeners on this machine, and against resolvers that lie.

use std::sync::Mutex;

use np_domain::{caa::Caa, name::DnsName, ports::TxtAnswer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;

/// Knows the addresses of every name.
struct Everywhere(Result<Vec<IpAddr>, LookupFailure>);

#[async_trait]
impl Resolver for Everywhere {
    async fn all_addresses(&self, _name: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        self.0.clone()
    }

    async fn caa(&self, _name: &DnsName) -> Result<Vec<(DnsName, Caa)>, LookupFailure> {
        Ok(Vec::new())
    }

    async fn txt(&self, _: &DnsName) -> Result<TxtAnswer, LookupFailure> {
        Err(LookupFailure::NoRecords)
    }

    async fn cname(&self, _: &DnsName) -> Result<Option<DnsName>, LookupFailure> {
        Ok(None)
    }

    async fn addresses(&self, _: &DnsName) -> Result<Vec<IpAddr>, LookupFailure> {
        self.0.clone()
    }

    async fn name_servers(&self, _: &DnsName) -> Result<Vec<DnsName>, LookupFailure> {
        Err(LookupFailure::NoRecords)
    }
}

fn loopback() -> Everywhere {
    Everywhere(Ok(vec![IpAddr::from([127, 0, 0, 1])]))
}

fn probe(port: u16, resolver: Everywhere) -> HttpTokenProbe {
    let settings = ProbeSettings {
        port,
        allow_reserved: true,
        timeout: Duration::from_millis(500),
        ..ProbeSettings::default()
    };
    HttpTokenProbe::new(settings, Arc::new(resolver))
}

async fn look(probe: &HttpTokenProbe) -> Result<ProbeReply, ProbeFailure> {
    let path = Explanation::new("/.well-known/token");
    let host = "app.customer.com".parse().unwrap();
    probe.fetch(&ProbeRequest { host, path, user_agent: "Probe of a test" }).await
}

/// A server that gives one answer to each connection in turn, and the last one for ever. An empty answer is silence.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// In the answers, `{port}` stands for its own port.
    async fn start(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let port = address.port().to_string();
        let answers = answers.iter().map(|text| text.replace("{port}", &port)).collect();
        let requests = Arc::default();
        tokio::spawn(Self::serve(listener, answers, Arc::clone(&requests)));
        Self { address, requests }
    }

    async fn serve(
        listener: TcpListener,
        answers: Vec<String>,
        requests: Arc<Mutex<Vec<String>>>,
    ) -> std::io::Result<()> {
        let mut silent = Vec::new();
        let mut answers = answers.into_iter().peekable();
        let mut last = String::new();
        loop {
            let (mut stream, _) = listener.accept().await?;
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await?;
            requests.lock().unwrap().push(String::from_utf8_lossy(&head[..length]).into_owned());
            last = answers.next().unwrap_or(last);
            match last.is_empty() {
                true => silent.push(stream),
                false => stream.write_all(last.as_bytes()).await?,
            }
        }
    }

    fn probe(&self) -> HttpTokenProbe {
        probe(self.address.port(), loopback())
    }
}

#[tokio::test]
async fn a_token_is_fetched_with_the_plain_hostname_and_the_user_agent() {
    let server = Server::start(&["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\ntoken\n"]).await;
    let reply = look(&server.probe()).await.unwrap();
    assert_eq!((reply.body.as_str().trim(), reply.from), ("token", server.address));
    let request = server.requests.lock().unwrap()[0].to_ascii_lowercase();
    assert!(request.starts_with("get /.well-known/token http/1.1\r\n"), "{request}");
    assert!(request.contains("host: app.customer.com\r\n"), "{request}");
    assert!(request.contains("user-agent: probe of a test\r\n"), "{request}");
}

#[tokio::test]
async fn each_bad_answer_has_words_of_its_own() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{}", "x".repeat(5000));
    let endless = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n{}",
        "x".repeat(5000)
    );
    let wordy = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(HEADER_BYTES_MAX));
    for (answer, words) in [
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
            "ADDR answered with status 404 instead of 200",
        ),
        (&long, "the answer of ADDR is longer than 4096 bytes"),
        (&endless, "the answer of ADDR is longer than 4096 bytes"),
        (&wordy, "ADDR gave no usable answer: the headers of the answer are too long"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "ADDR gave no usable answer: the answer is not HTTP/1.1"),
        ("", "ADDR did not answer in time"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            "ADDR gave no usable answer: the server closed the connection before it had answered",
        ),
    ] {
        let server = Server::start(&[answer]).await;
        let failure = look(&server.probe()).await.unwrap_err();
        let expected = words.replace("ADDR", &server.address.to_string());
        assert_eq!(failure.to_string(), expected);
    }
}

#[tokio::test]
async fn redirects_lead_to_plain_http_on_the_same_port_and_nowhere_else() {
    const TO: &str = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: ";
    for (location, words) in [
        ("https://app.customer.com/token", "only http is followed"),
        ("http://app.customer.com:1/token", "another port is not followed"),
        ("http://127.0.0.1/token", "that is not a hostname"),
        ("ftp://app.customer.com/", "only http is followed"),
        ("not a url", "missing or not a URL"),
        ("/.well-known/token", "in a circle"),
    ] {
        let server = Server::start(&[&format!("{TO}{location}\r\n\r\n")]).await;
        let failure = look(&server.probe()).await.unwrap_err();
        assert!(
            matches!(&failure, ProbeFailure::Redirect(w) if w.as_str().contains(words)),
            "{location}: {failure}"
        );
    }
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken";
    let there = format!("{TO}http://www.customer.com:{{port}}/a\r\n\r\n");
    let server = Server::start(&[&there, &format!("{TO}/b\r\n\r\n"), ok]).await;
    assert_eq!(look(&server.probe()).await.unwrap().body.as_str(), "token");
    let requests = server.requests.lock().unwrap().join("").to_ascii_lowercase();
    assert!(requests.contains("get /a http/1.1\r\nhost: www.customer.com\r\n"), "{requests}");
    assert!(requests.contains("get /b http/1.1\r\nhost: www.customer.com\r\n"), "{requests}");
}

#[tokio::test]
async fn redirects_end_at_their_limit() {
    let hop =
        |n: usize| format!("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: /{n}\r\n\r\n");
    let hops: Vec<_> = (0..10).map(hop).collect();
    let server = Server::start(&hops.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let failure = look(&server.probe()).await.unwrap_err();
    assert_eq!(failure.to_string(), "more than 3 redirects; serve /.well-known/token directly");
    assert_eq!(server.requests.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_refused_connection_says_so_after_all_addresses_were_tried() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let failure = look(&probe(closed.port(), loopback())).await.unwrap_err();
    let words = "refused or did not accept the connection: connection refused; check that a server listens there";
    assert_eq!(failure.to_string(), format!("{closed} {words}"));

    let server = Server::start(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ntoken"]).await;
    let both = Everywhere(Ok(vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()]));
    let reply = look(&probe(server.address.port(), both)).await.unwrap();
    assert_eq!(reply.from, server.address, "nothing listens on ::1, which is tried first");
}

#[tokio::test]
async fn reserved_addresses_are_not_reached_unless_allowed() {
    let server = Server::start(&["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]).await;
    let settings = ProbeSettings { port: server.address.port(), ..ProbeSettings::default() };
    let careful = HttpTokenProbe::new(settings, Arc::new(loopback()));
    let expected = ProbeFailure::ReservedAddress("127.0.0.1".parse().unwrap());
    assert_eq!(look(&careful).await.unwrap_err(), expected);
    assert!(server.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_without_address_differs_from_one_whose_look_up_fails() {
    for (answer, expected) in [
        (LookupFailure::NoSuchName, ProbeFailure::NoAddress),
        (LookupFailure::NoRecords, ProbeFailure::NoAddress),
        (LookupFailure::ServerFailure, ProbeFailure::Lookup(LookupFailure::ServerFailure)),
    ] {
        assert_eq!(look(&probe(1, Everywhere(Err(answer)))).await.unwrap_err(), expected);
    }
}
