//! The example and the defaults say the same; what is wrong is named.

use std::collections::BTreeSet;

use super::*;

const EXAMPLE: &str = include_str!("../../../../nameplate.example.toml");

/// Reads `text` as a file, with variables.
fn read(text: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("test.toml");
    fs::write(&path, text).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let read = Loaded::read(Some(&path), variables);
    read.map(|loaded| loaded.config)
        .map_err(|why| why.to_string().replace(&path.display().to_string(), "test.toml"))
}

fn refused(text: &str, variables: &[(&str, &str)]) -> String {
    let why = read(text, variables).expect_err(text);
    assert!(!why.contains('\n'), "{why}");
    why
}

/// The keys of a table as paths; those of tables within it too.
fn keys(prefix: &str, value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| keys(&format!("{prefix}.{key}"), value, found));
        }
        _ => drop(found.insert(prefix.trim_start_matches('.').to_owned())),
    }
}

/// The lines of the example that give a key a value, commented out or not, with their section and key.
fn lines() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in EXAMPLE.lines() {
        let code = line.trim_start_matches("# ");
        if let Some(name) = code.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        if let Some((key, _)) = code.split_once(" = ").filter(|(key, _)| is_key(key)) {
            lines.push((section, key, line));
        }
    }
    lines
}

#[test]
fn the_example_says_the_defaults() {
    assert_eq!(read(EXAMPLE, &[]), Ok(Config::default()));
    assert_eq!(read("", &[]), Ok(Config::default()));
}

#[test]
fn the_example_shows_every_key_and_no_other() {
    let mut keys_of_config = BTreeSet::new();
    keys("", &serde_json::to_value(Config::default()).unwrap(), &mut keys_of_config);
    assert!(keys_of_config.len() > 80, "{keys_of_config:?}");
    let shown: BTreeSet<_> =
        lines().into_iter().map(|(section, key, _)| format!("{section}.{key}")).collect();
    assert_eq!(shown, keys_of_config);
}

#[test]
fn what_the_example_comments_out_can_be_used() {
    let commented = |(section, _, line): (&'static str, _, &'static str)| {
        // What fits ACME only needs more than one key, and so does mail: see there.
        let alone = !section.starts_with("authorities") && section != "mail";
        let line = line.strip_prefix("# ").filter(|_| alone)?;
        Some((section, line))
    };
    let commented: Vec<_> = lines().into_iter().filter_map(commented).collect();
    assert!(commented.len() >= 9, "{commented:?}");
    for (section, line) in commented {
        let read = read(&format!("[{section}]\n{line}"), &[]);
        assert!(read.is_ok_and(|config| config != Config::default()), "[{section}] {line}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for (text, named) in [
        ("[api]\nlisten_on = '127.0.0.1:80'", "listen_on"),
        ("[ap]\nlisten = '127.0.0.1:80'", "`ap`"),
        ("top = 1", "`top`"),
        ("[authorities.verisign]\ndriver = 'local'", "verisign"),
        ("[authorities.google]\ndrivers = 'local'", "drivers"),
        ("[dns]\nname_servers = [{ name = 'ns1.x.net', adresses = [] }]", "adresses"),
    ] {
        let why = refused(text, &[]);
        assert!(why.starts_with("test.toml: ") && why.contains(named), "{text}: {why}");
        assert!(why.contains("expected"), "{why}");
    }
}

#[test]
fn an_unknown_variable_is_refused_by_name() {
    for variable in [
        "NAMEPLATE_API__LISTEN_ON",
        "NAMEPLATE_AP__LISTEN",
        "NAMEPLATE_API__LISTEN__X",
        "NAMEPLATE___X",
    ] {
        let why = refused("", &[(variable, "1")]);
        assert!(why.contains(variable), "{variable}: {why}");
    }
    assert_eq!(read("", &[("NAMEPLATE_SOMETHING", "1"), ("PATH__X", "1")]), Ok(Config::default()));
}

#[test]
fn a_value_that_cannot_be_used_is_named_with_its_key_and_the_remedy() {
    for (text, parts) in [
        ("[api]\nlisten = 'here'", ["api.listen", "\"here\"", "socket address"]),
        ("[api]\nlisten = 8080", ["api.listen", "8080", "socket address"]),
        ("[dns]\nlisten = []", ["dns.listen", "no address", "write"]),
        ("[dns]\nlisten = ['0.0.0.0:53', 'x']", ["dns.listen[1]", "\"x\"", "socket address"]),
        ("[platform]\ndomain = 'a..b'", ["platform.domain", "a..b", "not a domain name"]),
        ("[api]\ncreate_wait = '2'", ["api.create_wait", "\"2\"", "250ms"]),
        ("[edge]\norigin_scheme = 'ftp'", ["edge.origin_scheme", "ftp", "https"]),
        ("[edge]\nmin_tls_version = '1.4'", ["edge.min_tls_version", "1.4", "1.3"]),
        ("[store]\nurl = 'mysql://x'", ["store.url", "neither", "sqlite:FILE"]),
        ("[log]\nlevel = 'loud=very'", ["log.level", "loud", "info"]),
        ("[feed]\nurl = 'control:8081'", ["feed.url", "control:8081", "http://"]),
        ("[certificates]\nkey_types = []", ["certificates.key_types", "no kind", "p256"]),
        (
            "[certificates]\ndefault_authority = 'google'",
            ["certificates.default_authority", "google", "[authorities.google]"],
        ),
        (
            "[certificates]\nfallback_authorities = ['google']",
            ["certificates.fallback_authorities", "google", "[authorities.google]"],
        ),
        (
            "[certificates]\nauthority_pause_max = '1s'",
            ["certificates.authority_pause_max", "1s", "raise it"],
        ),
        ("[authorities.google]\norders_max = 'many'", ["orders_max", "many", "300 in 3h"]),
        (
            "[authorities.google]\ndriver = 'acme'\n[certificates]\ndefault_authority='google'",
            ["authorities.google.directory_url", "needs", "URL"],
        ),
        (
            "[dns]\nname_servers = [{ name = 'ns1.dcv.nameplate.example' }]",
            ["dns.name_servers", "ns1.dcv.nameplate.example", "give its addresses"],
        ),
        ("[mail]\nrelay = 'smtp.a.com'", ["mail.from", "address", "set it"]),
        ("[reconcile]\nlease = '1s'", ["reconcile.lease", "1s", "raise it"]),
        ("api = [", ["line 1", "not TOML", ""]),
    ] {
        let why = refused(text, &[]);
        assert!(why.starts_with("test.toml: "), "{why}");
        parts.iter().for_each(|part| assert!(why.contains(part), "{text}: {part:?} not in: {why}"));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let why = Loaded::read(Some(Path::new("/nowhere/nameplate.toml")), std::iter::empty());
    let why = why.expect_err("there is no such file").to_string();
    assert!(why.starts_with("/nowhere/nameplate.toml: cannot be read"), "{why}");
}

#[test]
fn the_environment_overrides_the_file() {
    let file = "[api]\nlisten = '127.0.0.1:1'\nbody_bytes_max = 5000";
    let config = read(
        file,
        &[
            ("NAMEPLATE_API__LISTEN", "127.0.0.1:2"),
            ("NAMEPLATE_DNS__LISTEN", "[\"127.0.0.1:53\"]"),
            ("NAMEPLATE_EDGE__ALLOW_PRIVATE_ORIGINS", "true"),
            ("NAMEPLATE_EDGE__MIN_TLS_VERSION", "\"1.3\""),
            ("NAMEPLATE_AUTHORITIES__GOOGLE__DRIVER", "acme"),
            (
                "NAMEPLATE_AUTHORITIES__GOOGLE__DIRECTORY_URL",
                "https://dv.acme-v02.api.pki.goog/directory",
            ),
            ("NAMEPLATE_CERTIFICATES__DEFAULT_AUTHORITY", "google"),
        ],
    )
    .unwrap();
    assert_eq!(config.api.listen, ([127, 0, 0, 1], 2).into());
    assert_eq!(config.api.body_bytes_max, 5000);
    assert_eq!(config.dns.listen, [([127, 0, 0, 1], 53).into()]);
    assert!(config.edge.allow_private_origins);
    assert_eq!(config.edge.min_tls_version, edge::TlsWord::V1_3);
    let configured: Vec<_> = config.authorities.keys().copied().collect();
    assert_eq!(configured, [AuthorityWord::Google], "what is configured stands alone");
}

#[test]
fn every_key_can_be_set_from_the_environment() {
    let defaults = serde_json::to_value(Config::default()).unwrap();
    let mut all = BTreeSet::new();
    keys("", &defaults, &mut all);
    for key in all {
        let value = key.split('.').fold(&defaults, |value, step| &value[step]);
        if !value.is_null() {
            let variable = format!("NAMEPLATE_{}", key.to_uppercase().replace('.', "__"));
            let config = read("", &[(&variable, &value.to_string())]);
            assert_eq!(config, Ok(Config::default()), "{variable}={value}");
        }
    }
}

#[test]
fn a_wrong_variable_is_named_with_its_key() {
    let why = refused("", &[("NAMEPLATE_API__LISTEN", "nowhere")]);
    assert!(why.starts_with("environment NAMEPLATE_API__LISTEN: api.listen: \"nowhere\""), "{why}");
}
