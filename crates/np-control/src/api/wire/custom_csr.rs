//! Certificate signing requests: the body of a POST, the order of a list, and the object in replies.

use np_domain::{
    csr::{CsrError, CsrKeyType, CsrSubject, CsrTerms, CustomCsr, parse_sans},
    id::{CsrId, IdError},
    ports::CsrOrder,
    text::Explanation,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    invalid::{Invalid, Why},
    moment,
    object::Object,
    pem,
};
use crate::api::{
    openapi::{QueryParam, shape},
    pagination::Params,
};

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "CustomCsr")]
pub(crate) struct CsrWire {
    #[schemars(schema_with = "shape::uuid")]
    id: String,
    /// The account that it is in.
    #[schemars(schema_with = "shape::id")]
    account_tag: String,
    /// The request, to be sent to a certificate authority.
    csr: String,
    #[schemars(extend("enum" = ["rsa2048", "p256v1"]))]
    key_type: &'static str,
    name: String,
    description: String,
    country: String,
    state: String,
    locality: String,
    organization: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    organizational_unit: Option<String>,
    common_name: String,
    sans: Vec<String>,
    #[schemars(schema_with = "shape::moment")]
    created_at: String,
}

/// The request as it is shown: everything but the key.
pub(crate) fn render(csr: &CustomCsr) -> CsrWire {
    let (terms, subject) = (&csr.terms, &csr.terms.subject);
    CsrWire {
        id: csr.id.to_string(),
        account_tag: csr.account.to_string(),
        csr: pem::request(&csr.request),
        key_type: match terms.key_type {
            CsrKeyType::P256 => "p256v1",
            CsrKeyType::Rsa2048 => "rsa2048",
        },
        name: terms.name.to_string(),
        description: terms.description.to_string(),
        country: subject.country.to_string(),
        state: subject.state.to_string(),
        locality: subject.locality.to_string(),
        organization: subject.organization.to_string(),
        organizational_unit: subject.unit.as_ref().map(ToString::to_string),
        common_name: subject.common_name.to_string(),
        sans: terms.sans.iter().map(ToString::to_string).collect(),
        created_at: moment(csr.created_at),
    }
}

/// A request to be made. The key is made with it and never leaves.
#[derive(JsonSchema)]
#[schemars(example = json!({
    "country": "US",
    "state": "Texas",
    "locality": "Austin",
    "organization": "Customer Inc.",
    "common_name": "app.customer.com",
    "sans": ["app.customer.com"],
    "key_type": "p256v1",
}))]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct NewCsrBody {
    /// Two letters (ISO 3166-1 alpha-2).
    country: String,
    /// State or province.
    state: String,
    /// City.
    locality: String,
    organization: String,
    organizational_unit: Option<String>,
    /// The main name, of at most 64 characters.
    common_name: String,
    /// The names that the certificate is for; `*.` may stand before one.
    sans: Vec<String>,
    #[schemars(extend("enum" = ["rsa2048", "p256v1", null]))]
    key_type: Option<String>,
    /// A name for people.
    name: Option<String>,
    /// More words for people.
    description: Option<String>,
}

/// Reads the body of a POST.
pub(crate) fn parse(body: &Value) -> Result<CsrTerms, Invalid> {
    let body = Object::body(body)?;
    let subject = parse_subject(&body)?;
    let invalid = |key: &str, error| body.invalid(key, Why::Csr(error));
    let sans = body.texts("sans").map_err(|_| invalid("sans", CsrError::Sans))?;
    let sans = parse_sans(&sans.value().unwrap_or_default()).map_err(|error| match error {
        CsrError::San(index, _) => {
            Invalid { pointer: format!("/sans/{index}"), why: Why::Csr(error) }
        }
        other => invalid("sans", other),
    })?;
    let key_type =
        match body.text("key_type").map_err(|_| invalid("key_type", CsrError::KeyType))?.value() {
            None | Some("rsa2048") => CsrKeyType::Rsa2048,
            Some("p256v1") => CsrKeyType::P256,
            Some(_) => return Err(invalid("key_type", CsrError::KeyType)),
        };
    let words = |key| Ok(Explanation::new(body.text(key)?.value().unwrap_or_default()));
    Ok(CsrTerms {
        subject,
        sans,
        key_type,
        name: words("name")?,
        description: words("description")?,
    })
}

fn parse_subject(body: &Object<'_>) -> Result<CsrSubject, Invalid> {
    // What is no text is as good as missing: each field has a code of its own.
    let text = |key: &str, error: CsrError| match body.text(key) {
        Ok(text) => Ok(Explanation::new(text.value().unwrap_or_default().trim())),
        Err(_) => Err(body.invalid(key, Why::Csr(error))),
    };
    let unit = text("organizational_unit", CsrError::Organization)?;
    let country = text("country", CsrError::Country)?;
    let subject = CsrSubject {
        country: Explanation::new(country.as_str().to_ascii_uppercase()),
        state: text("state", CsrError::State)?,
        locality: text("locality", CsrError::Locality)?,
        organization: text("organization", CsrError::Organization)?,
        unit: (!unit.as_str().is_empty()).then_some(unit),
        common_name: text("common_name", CsrError::CommonName)?,
    };
    subject.check().map_err(|error| {
        let key = match &error {
            CsrError::Country => "country",
            CsrError::State => "state",
            CsrError::Locality => "locality",
            CsrError::Organization => "organization",
            _ => "common_name",
        };
        body.invalid(key, Why::Csr(error))
    })?;
    Ok(subject)
}

/// Reads an id of a path or a body.
pub(crate) fn parse_id(text: &str) -> Result<CsrId, IdError> {
    text.parse()
}

/// The parameters that [`parse_order`] reads.
pub(crate) const ORDER: &[QueryParam] = &[
    QueryParam::new(
        "order",
        |_| shape::word_of(&["name", "account_tag", "created_at"]),
        "What to order by. All of a list have the same account: `account_tag` orders by age.",
    ),
    QueryParam::new("direction", |_| shape::word_of(&["asc", "desc"]), "Which way to order."),
];

/// Reads the order of a list: by age without one.
pub(crate) fn parse_order(params: &Params) -> Result<CsrOrder, Invalid> {
    let bad = |name: &str, words: &str| Invalid {
        pointer: format!("/{name}"),
        why: Why::BadQuery(format!("`{name}` must be {words}.")),
    };
    let is_rising = match params.get("direction") {
        None | Some("asc") => true,
        Some("desc") => false,
        Some(_) => return Err(bad("direction", "asc or desc")),
    };
    match (params.get("order"), is_rising) {
        (None | Some("created_at" | "account_tag"), true) => Ok(CsrOrder::OldestFirst),
        (None | Some("created_at" | "account_tag"), false) => Ok(CsrOrder::NewestFirst),
        (Some("name"), true) => Ok(CsrOrder::NameAscending),
        (Some("name"), false) => Ok(CsrOrder::NameDescending),
        (Some(_), _) => Err(bad("order", "name, account_tag or created_at")),
    }
}
