//! Each setting of a hostname, and pairs of hostnames on one listener, as programs that people use see them: `openssl`,
//! `curl`, `h2load`.

use std::{process::Stdio, sync::Arc, sync::atomic::AtomicUsize, sync::atomic::Ordering};

use boring::ssl::{
    CertificateCompressionAlgorithm, CertificateCompressor, Ssl, SslContextBuilder, SslMethod,
};
use np_domain::{
    certificate::KeyKind,
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, process::Command};

use crate::{
    tls_stream::TlsStream,
    world::{Hello, World, wait_for},
};

/// What a program says when it is given `input`.
pub(crate) async fn said(program: &str, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that has ended already hears nothing.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}\n{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// What `openssl s_client` says of a handshake for `name`.
async fn s_client(world: &World, name: &str, options: &[&str]) -> String {
    let address = world.edge.https_addr().to_string();
    let mut arguments = vec!["s_client", "-connect", &address, "-servername", name];
    arguments.extend_from_slice(options);
    said("openssl", &arguments, "").await
}

/// What `curl` says of a request to `name`.
async fn curl(world: &World, name: &str, options: &[&str]) -> String {
    let (port, address) = (world.edge.https_addr().port(), world.edge.https_addr().ip());
    let (url, resolve) = (format!("https://{name}:{port}/"), format!("{name}:{port}:{address}"));
    let mut arguments = vec!["--insecure", "--silent", "--verbose", "--resolve", &resolve];
    arguments.extend_from_slice(options);
    arguments.push(&url);
    said("curl", &arguments, "").await
}

fn min(version: TlsVersion) -> TlsPolicy {
    TlsPolicy { min_version: Some(version), ..TlsPolicy::default() }
}

#[tokio::test]
async fn openssl_is_spoken_to_from_each_names_oldest_version_on() {
    let world = World::start().await;
    let versions = [
        (TlsVersion::V1_0, "-tls1"),
        (TlsVersion::V1_1, "-tls1_1"),
        (TlsVersion::V1_2, "-tls1_2"),
        (TlsVersion::V1_3, "-tls1_3"),
    ];
    for (place, (oldest, _)) in versions.into_iter().enumerate() {
        let name = format!("from{place}.customer.com");
        world.proven(&name).tls(min(oldest)).publish();
        for (version, option) in versions {
            let answer = s_client(&world, &name, &[option, "-cipher", "ALL:@SECLEVEL=0"]).await;
            let is_spoken = answer.contains("\nNew, TLSv1");
            assert_eq!(is_spoken, version >= oldest, "{oldest:?} {version:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn each_name_keeps_the_order_of_its_ciphers_whatever_the_client_prefers() {
    let world = World::start().await;
    let orders = [
        ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"],
        ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ];
    for (place, order) in orders.into_iter().enumerate() {
        let ciphers = CipherList::parse(order).ok();
        let name = format!("order{place}.customer.com");
        world.proven(&name).tls(TlsPolicy { ciphers, ..TlsPolicy::default() }).publish();
        for offered in orders {
            let options = ["-tls1_2", "-cipher", &offered.join(":")];
            let answer = s_client(&world, &name, &options).await;
            let expected = format!("Cipher is {}", order[0]);
            assert!(answer.contains(&expected), "{order:?} {offered:?}: {answer}");
        }
    }
}

#[tokio::test]
async fn curl_and_h2load_get_http2_where_a_name_has_it_and_http1_where_not() {
    let world = World::start().await;
    let off = TlsPolicy { http2: Some(Switch::Off), ..TlsPolicy::default() };
    world.proven("on.customer.com").publish();
    world.proven("off.customer.com").tls(off).publish();
    for (name, curls, h2loads) in [
        ("on.customer.com", "using HTTP/2", "h2"),
        ("off.customer.com", "HTTP/1.1 200", "http/1.1"),
    ] {
        let answer = curl(&world, name, &["--http2"]).await;
        assert!(answer.contains(curls), "{name}: {answer}");
        let address = world.edge.https_addr();
        let (to, url) = (format!("--connect-to={address}"), format!("https://{name}/"));
        let answer = said("h2load", &["-n20", "-c2", &to, &url], "").await;
        let protocol = format!("Application protocol: {h2loads}");
        assert!(answer.contains(&protocol), "{name}: {answer}");
        assert!(answer.contains("20 succeeded, 0 failed"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn tls_1_3_is_off_where_a_name_has_it_off() {
    let world = World::start().await;
    let off = TlsPolicy { tls_1_3: Some(Switch::Off), ..TlsPolicy::default() };
    world.proven("on.customer.com").publish();
    world.proven("off.customer.com").tls(off).publish();
    for (name, version) in [("on.customer.com", "TLSv1.3"), ("off.customer.com", "TLSv1.2")] {
        let answer = curl(&world, name, &[]).await;
        assert!(answer.contains(&format!("SSL connection using {version}")), "{name}: {answer}");
    }
    let answer = s_client(&world, "off.customer.com", &["-tls1_3"]).await;
    assert!(answer.contains("protocol version"), "{answer}");
}

#[tokio::test]
async fn rsa_and_ecdsa_stand_side_by_side_for_openssl() {
    let world = World::start().await;
    world.proven("app.customer.com").certificate(KeyKind::Rsa).publish();
    for (options, expected) in [
        (&["-tls1_3"][..], "Peer signature type: ECDSA"),
        (&["-tls1_3", "-sigalgs", "RSA-PSS+SHA256"], "Peer signature type: RSA-PSS"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"], "ECDHE-RSA-AES128-GCM-SHA256"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ] {
        let answer = s_client(&world, "app.customer.com", options).await;
        assert!(answer.contains(expected), "{options:?}: {answer}");
    }
}

#[tokio::test]
async fn a_zone_decides_what_its_hostnames_leave_open_and_a_change_of_it_counts_at_once() {
    let world = World::start().await;
    let http1 = TlsPolicy { http2: Some(Switch::Off), ..min(TlsVersion::V1_0) };
    world.proven("silent.customer.com").publish();
    world.proven("firm.customer.com").tls(http1).publish();
    let old = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];
    let speaks_old = async |name: &str| s_client(&world, name, &old).await.contains("\nNew, TLSv1");
    assert!(!speaks_old("silent.customer.com").await);
    world.zone_tls(min(TlsVersion::V1_0));
    wait_for(async || speaks_old("silent.customer.com").await).await;
    world.zone_tls(min(TlsVersion::V1_3));
    wait_for(async || !speaks_old("silent.customer.com").await).await;
    assert!(speaks_old("firm.customer.com").await);
    let answer = s_client(&world, "silent.customer.com", &["-tls1_2"]).await;
    assert!(!answer.contains("\nNew, TLSv1"), "{answer}");
}

#[tokio::test]
async fn nobody_renegotiates() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let address = world.edge.https_addr().to_string();
    let arguments =
        ["s_client", "-connect", &address, "-servername", "app.customer.com", "-tls1_2"];
    // A line of R asks for it.
    let answer = said("openssl", &arguments, "R\n").await;
    assert!(answer.contains("RENEGOTIATING"), "{answer}");
    assert!(answer.contains("no renegotiation"), "{answer}");
}

#[tokio::test]
async fn keys_are_agreed_on_in_a_way_that_withstands_quantum_computers_where_the_client_can() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    for (groups, expected) in [
        ("X25519MLKEM768:X25519", "X25519MLKEM768"),
        ("X25519:X25519MLKEM768", "X25519MLKEM768"),
        ("X25519", "X25519"),
        ("P-256", "P-256"),
    ] {
        let mut context = SslContextBuilder::new(SslMethod::tls()).unwrap();
        context.set_curves_list(groups).unwrap();
        let mut ssl = Ssl::new(&context.build()).unwrap();
        ssl.set_hostname("app.customer.com").unwrap();
        let tcp = TcpStream::connect(world.edge.https_addr()).await.unwrap();
        let stream = TlsStream::connect(ssl, tcp).await.unwrap();
        assert_eq!(stream.ssl().curve_name(), Some(expected), "{groups}");
    }
}

/// A client's side of certificate compression, which counts.
struct Decompress<const ZLIB: bool>(Arc<AtomicUsize>);

impl<const ZLIB: bool> CertificateCompressor for Decompress<ZLIB> {
    const ALGORITHM: CertificateCompressionAlgorithm = if ZLIB {
        CertificateCompressionAlgorithm::ZLIB
    } else {
        CertificateCompressionAlgorithm::BROTLI
    };
    const CAN_COMPRESS: bool = false;
    const CAN_DECOMPRESS: bool = true;

    fn decompress<W: std::io::Write>(&self, input: &[u8], output: &mut W) -> std::io::Result<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        if ZLIB {
            std::io::copy(&mut flate2::read::ZlibDecoder::new(input), output)?;
        } else {
            std::io::copy(&mut brotli::Decompressor::new(input, 4096), output)?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn certificates_are_compressed_for_clients_that_ask_for_it() {
    let world = World::start().await;
    world.proven("app.customer.com").publish();
    let http1 = TlsPolicy { http2: Some(Switch::Off), ..TlsPolicy::default() };
    world.proven("other.customer.com").tls(http1).publish();
    let (zlib, brotli) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut context = SslContextBuilder::new(SslMethod::tls()).unwrap();
    context.add_certificate_compression_algorithm(Decompress::<true>(zlib.clone())).unwrap();
    let only_zlib = context.build();
    let mut context = SslContextBuilder::new(SslMethod::tls()).unwrap();
    context.add_certificate_compression_algorithm(Decompress::<false>(brotli.clone())).unwrap();
    context.add_certificate_compression_algorithm(Decompress::<true>(zlib.clone())).unwrap();
    let both = context.build();
    for name in ["app.customer.com", "other.customer.com"] {
        for context in [&only_zlib, &both] {
            let mut ssl = Ssl::new(context).unwrap();
            ssl.set_hostname(name).unwrap();
            let tcp = TcpStream::connect(world.edge.https_addr()).await.unwrap();
            let stream = TlsStream::connect(ssl, tcp).await.unwrap();
            let shown = stream.ssl().peer_certificate().unwrap().subject_alt_names().unwrap();
            assert_eq!(shown.get(0).unwrap().dnsname(), Some(name));
        }
    }
    assert_eq!((zlib.load(Ordering::SeqCst), brotli.load(Ordering::SeqCst)), (2, 2));
    assert!(Hello::to("app.customer.com").connect(world.edge.https_addr()).await.is_ok());
}
