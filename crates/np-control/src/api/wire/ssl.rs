//! `ssl` of a custom hostname: what is asked for, and what came of it.

mod render;
mod upload;

pub(crate) use render::{
    DelegationWire, ErrorWire, ProofWire, RecordWire, SslWire, bundle_word, challenge, delegation,
    problems, records, render, switch_word,
};
pub(crate) use upload::{PairBody, parse_replacement};

use np_domain::{
    certificate::{AuthorityName, BundleMethod, DcvMethod, Wanted, control::EMAIL_ENDS},
    tls_policy::{CipherList, Switch, TlsPolicy, TlsVersion},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::{
    change::Change,
    invalid::{Invalid, Why},
    object::Object,
};
use crate::{
    api::{ApiSettings, Problem, envelope::Item, openapi::shape},
    app::hostnames::{Asked, CertificateEdit, TlsEdit},
};

/// The certificate that is wanted. To create one takes `type` and `method`.
#[derive(JsonSchema)]
#[schemars(example = json!({ "type": "dv", "method": "txt" }))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct SslBody {
    /// The only type that there is.
    #[schemars(extend("enum" = ["dv", null]))]
    r#type: Option<String>,
    /// How control of the name is proven to the certificate authority.
    #[schemars(extend("enum" = ["http", "txt", "email", "cname", null]))]
    method: Option<String>,
    /// Whether the certificate covers one more level of names too.
    wildcard: Option<bool>,
    /// Who is to issue it; one of those that are configured.
    #[schemars(schema_with = "authority_or_none", default)]
    certificate_authority: (),
    /// Which chain is sent with it.
    #[schemars(extend("enum" = ["force", "optimal", "ubiquitous", null]))]
    bundle_method: Option<String>,
    settings: Option<SettingsBody>,
    /// Taken and of no effect: certificates for long names are issued without a common name.
    cloudflare_branding: Option<bool>,
    /// A certificate of your own in PEM, with its chain in any order; then type and method are not needed.
    custom_certificate: Option<String>,
    /// Its private key in PEM: PKCS#8, PKCS#1 or SEC 1, without a passphrase.
    custom_key: Option<String>,
    /// The certificate signing request whose key it has, instead of `custom_key`.
    custom_csr_id: Option<String>,
    /// One certificate with an RSA key and one with an ECDSA key, or one of them.
    #[schemars(length(min = 1, max = 2))]
    custom_cert_bundle: Option<Vec<PairBody>>,
}

/// Settings of TLS for this hostname, merged by key with those that it has.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a body")]
struct SettingsBody {
    /// The legacy way to say that TLS 1.2 is the least.
    #[schemars(extend("enum" = ["on", "off", null]))]
    tls_1_2_only: Option<String>,
    #[schemars(extend("enum" = ["1.0", "1.1", "1.2", "1.3", null]))]
    min_tls_version: Option<String>,
    #[schemars(extend("enum" = ["on", "off", null]))]
    tls_1_3: Option<String>,
    #[schemars(extend("enum" = ["on", "off", null]))]
    http2: Option<String>,
    #[schemars(extend("enum" = ["on", "off", null]))]
    early_hints: Option<String>,
    /// Names of cipher suites of TLS 1.2 and before, as OpenSSL writes them.
    ciphers: Option<Vec<String>>,
}

/// Says that certificates validated by e-mail cannot be renewed for ever.
pub(crate) fn email_ends() -> Item {
    Item {
        code: Problem::MethodUnsupported.row().code,
        message: format!(
            "No certificate authority may validate by email from {EMAIL_ENDS} on: plan for `txt`, which needs one record once."
        ),
        source: None,
        error_chain: Vec::new(),
    }
}

fn authority_shape(_: &mut SchemaGenerator) -> Schema {
    shape::word_of(&AuthorityName::ALL.map(|(_, word)| word))
}

fn authority_or_none(_: &mut SchemaGenerator) -> Schema {
    let words = AuthorityName::ALL.map(|(_, word)| Some(word));
    json_schema!({ "enum": words.into_iter().chain([Some(""), None]).collect::<Vec<_>>() })
}

/// Reads `ssl` of a POST.
pub(crate) fn parse_create(ssl: &Object<'_>, settings: &ApiSettings) -> Result<Asked, Invalid> {
    let edit = parse_edit(ssl)?;
    let mut tls = TlsPolicy::default();
    edit.tls.iter().for_each(|edit| edit.apply(&mut tls));
    let wanted = |method| Wanted {
        method,
        wildcard: edit.wildcard.unwrap_or(false),
        authority: edit.authority.flatten(),
        bundle: edit.bundle.unwrap_or_default(),
        tls,
        keys: settings.keys.clone(),
    };
    if let Some(upload) = edit.upload {
        return Ok(Asked::Uploaded(wanted(edit.method.unwrap_or(DcvMethod::Http)), upload));
    }
    let missing = if edit.is_type_named { "method" } else { "type" };
    let method = edit.method.filter(|_| edit.is_type_named);
    let method = method.ok_or_else(|| ssl.invalid(missing, Why::TypeOrMethodMissing))?;
    Ok(Asked::Managed(wanted(method)))
}

/// Reads `ssl` of a PATCH.
pub(crate) fn parse_edit(ssl: &Object<'_>) -> Result<CertificateEdit, Invalid> {
    // Nothing depends on it; of the wrong type it is refused as any field is.
    ssl.flag("cloudflare_branding")?;
    Ok(CertificateEdit {
        is_type_named: parse_type(ssl)?,
        method: parse_method(ssl)?,
        wildcard: ssl.flag("wildcard")?.edit().map(Option::unwrap_or_default),
        authority: parse_authority(ssl)?.edit(),
        bundle: parse_bundle(ssl)?.edit().map(Option::unwrap_or_default),
        tls: parse_settings(ssl)?,
        upload: upload::parse(ssl)?,
    })
}

fn parse_type(ssl: &Object<'_>) -> Result<bool, Invalid> {
    match ssl.text("type")?.value() {
        None => Ok(false),
        Some("dv") => Ok(true),
        Some(_) => Err(ssl.invalid("type", Why::Type)),
    }
}

fn parse_method(ssl: &Object<'_>) -> Result<Option<DcvMethod>, Invalid> {
    let word = ssl.text("method")?.value();
    let known = word.map(|word| DcvMethod::parse(word).ok_or(Why::Method)).transpose();
    known.map_err(|why| ssl.invalid("method", why))
}

/// The empty text is the default CA, as `null` is.
fn parse_authority(ssl: &Object<'_>) -> Result<Change<AuthorityName>, Invalid> {
    match ssl.text("certificate_authority")? {
        Change::Absent => Ok(Change::Absent),
        Change::Reset | Change::To("") => Ok(Change::Reset),
        Change::To(word) => AuthorityName::parse(word)
            .map(Change::To)
            .ok_or_else(|| ssl.invalid("certificate_authority", Why::UnknownAuthority)),
    }
}

pub(crate) fn parse_bundle(ssl: &Object<'_>) -> Result<Change<BundleMethod>, Invalid> {
    ssl.text("bundle_method")?.try_map(|word| match word {
        "force" => Ok(BundleMethod::Force),
        "optimal" => Ok(BundleMethod::Optimal),
        "ubiquitous" => Ok(BundleMethod::Ubiquitous),
        _ => Err(ssl.invalid("bundle_method", Why::BundleMethod)),
    })
}

fn parse_settings(ssl: &Object<'_>) -> Result<Vec<TlsEdit>, Invalid> {
    let settings = match ssl.object("settings")? {
        Change::Absent => return Ok(Vec::new()),
        Change::Reset => return Ok(vec![TlsEdit::Reset]),
        Change::To(settings) => settings,
    };
    let ciphers = settings.texts("ciphers")?.try_map(|names| {
        CipherList::parse(names)
            .map_err(|error| settings.invalid("ciphers", Why::Ciphers(error.to_string())))
    })?;
    let edits = [
        parse_switch(&settings, "tls_1_2_only")?.edit().map(TlsEdit::only_tls_1_2),
        parse_min_version(&settings)?.edit().map(TlsEdit::MinVersion),
        parse_switch(&settings, "tls_1_3")?.edit().map(TlsEdit::Tls13),
        parse_switch(&settings, "http2")?.edit().map(TlsEdit::Http2),
        parse_switch(&settings, "early_hints")?.edit().map(TlsEdit::EarlyHints),
        ciphers.edit().map(TlsEdit::Ciphers),
    ];
    Ok(edits.into_iter().flatten().collect())
}

impl TlsEdit {
    /// The legacy setting: TLS 1.2 at least.
    fn only_tls_1_2(switch: Option<Switch>) -> Self {
        Self::MinVersion(match switch {
            Some(Switch::On) => Some(TlsVersion::V1_2),
            Some(Switch::Off) | None => None,
        })
    }
}

fn parse_switch(settings: &Object<'_>, key: &'static str) -> Result<Change<Switch>, Invalid> {
    let bad = || settings.invalid(key, Why::Switch(key));
    settings.text(key).map_err(|_| bad())?.try_map(|word| match word {
        "on" => Ok(Switch::On),
        "off" => Ok(Switch::Off),
        _ => Err(bad()),
    })
}

/// The API's words for versions.
pub(crate) const VERSIONS: [(TlsVersion, &str); 4] = [
    (TlsVersion::V1_0, "1.0"),
    (TlsVersion::V1_1, "1.1"),
    (TlsVersion::V1_2, "1.2"),
    (TlsVersion::V1_3, "1.3"),
];

fn parse_min_version(settings: &Object<'_>) -> Result<Change<TlsVersion>, Invalid> {
    let bad = || settings.invalid("min_tls_version", Why::MinTlsVersion);
    settings.text("min_tls_version").map_err(|_| bad())?.try_map(|word| {
        let known = VERSIONS.iter().find(|(_, known)| *known == word);
        known.map(|(version, _)| *version).ok_or_else(bad)
    })
}
