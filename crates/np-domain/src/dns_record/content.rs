//! What a record says: one struct per type, each read from text or from named parts, and written as text, as parts and
//! as it travels.
//!
//! The structs of most types are lists of fields ([`field`]) in the order of presentation format, which is also that of
//! the wire. TXT ([`txt`]), LOC ([`loc`]) and the parameters of HTTPS and SVCB ([`svc_params`]) have forms of their
//! own.

pub mod field;
pub mod loc;
pub mod svc_params;
#[cfg(test)]
mod tests;
pub mod txt;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
};

use thiserror::Error;

use self::{
    field::{Base64, CaaTag, Field, Hex, LongText, ShortText},
    loc::Loc,
    svc_params::SvcParams,
    txt::Txt,
};
use super::{
    kind::RecordKind,
    name::{RecordName, Target},
    tokens::Tokens,
};

/// The most bytes of a record's value on the wire: RDLENGTH would allow 65,535, of which an answer must hold several.
pub const RDATA_BYTES_MAX: usize = 16 * 1024;

/// The field of a record that is at fault, as a path from the record: `content`, `priority`, `data/flags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The text as a whole, or a field where text was given.
    Content,
    /// A named part.
    Data(&'static str),
    /// The priority beside the text.
    Priority,
}

/// Why content cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("Content for {kind} record is invalid: {field} {why}")]
pub struct ContentError {
    /// The type.
    pub kind: RecordKind,
    /// Where the fault is.
    pub at: At,
    /// The name of the field at fault.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub why: Fault,
}

/// What is wrong with a field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Nothing was given.
    #[error("is missing")]
    Missing,
    /// No whole number in range.
    #[error("must be a whole number from 0 to {max}")]
    Number {
        /// The largest.
        max: u32,
    },
    /// A number outside of a range.
    #[error("must be {0}")]
    Range(&'static str),
    /// No IPv4 address.
    #[error("must be a valid IPv4 address, such as 192.0.2.1")]
    Ipv4,
    /// No IPv6 address.
    #[error("must be a valid IPv6 address, such as 2001:db8::1")]
    Ipv6,
    /// No name.
    #[error("must be a valid hostname: {0}")]
    Name(#[from] super::name::RecordNameError),
    /// The root where a name is needed.
    #[error("must be a hostname and not the root")]
    Root,
    /// Not hexadecimal.
    #[error("must be hexadecimal digits, two for each byte")]
    Hex,
    /// Not base64.
    #[error("must be base64")]
    Base64,
    /// Too long.
    #[error("must have at most {max} bytes")]
    TooLong {
        /// The most bytes.
        max: usize,
    },
    /// Text where there should be none.
    #[error("must not be followed by anything; remove {0:?} or put quotes around text with spaces")]
    Leftover(Box<str>),
    /// Quotes that do not fit.
    #[error("cannot be read: {0}")]
    Quoting(#[from] super::tokens::BadQuoting),
    /// A number where text is needed.
    #[error("must be text")]
    NotText,
    /// Anything else: what would be right.
    #[error("{0}")]
    Other(&'static str),
}

/// A value by name, as in `data` of the API.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A number.
    Number(f64),
    /// A text.
    Text(Box<str>),
}

/// Values by name.
pub type Parts = BTreeMap<Box<str>, Part>;

/// What a user gave.
#[derive(Debug, Clone, Copy, Default)]
pub struct Given<'a> {
    /// The text.
    pub content: Option<&'a str>,
    /// The parts, which win over the text.
    pub data: Option<&'a Parts>,
    /// The priority beside the text, of MX, SRV and URI.
    pub priority: Option<u16>,
}

/// Fails when something is left, or when the value is too long for an answer.
fn finish(kind: RecordKind, tokens: &mut Tokens<'_>) -> Result<(), ContentError> {
    match tokens.take_rest() {
        "" => Ok(()),
        rest => {
            let why = Fault::Leftover(rest.chars().take(40).collect());
            Err(ContentError { kind, at: At::Content, field: "content", why })
        }
    }
}

macro_rules! contents {
    ($($(#[$doc:meta])* $variant:ident {
        $($(#[$field_doc:meta])* $field:ident $name:literal: $type:ty),+ $(,)?
    })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Eq, Hash)]
            pub struct $variant { $($(#[$field_doc])* pub $field: $type),+ }

            impl $variant {
                fn read(tokens: &mut Tokens<'_>) -> Result<Self, ContentError> {
                    let fault = |field| move |why| {
                        ContentError { kind: RecordKind::$variant, at: At::Content, field, why }
                    };
                    Ok(Self { $($field: Field::read(tokens).map_err(fault($name))?),+ })
                }

                fn from_parts(parts: &Parts) -> Result<Self, ContentError> {
                    let fault = |field| move |why| {
                        ContentError { kind: RecordKind::$variant, at: At::Data(field), field, why }
                    };
                    Ok(Self { $($field: field::from_parts(parts, $name).map_err(fault($name))?),+ })
                }

                fn show(&self) -> String {
                    let words = [$(self.$field.show()),+];
                    words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" ")
                }

                fn show_absolute(&self) -> String {
                    let words = [$(self.$field.show_absolute()),+];
                    words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>().join(" ")
                }

                fn write(&self, out: &mut Vec<u8>) {
                    $(self.$field.write(out);)+
                }

                fn parts(&self) -> Vec<(&'static str, Part)> {
                    vec![$(($name, self.$field.part())),+]
                }
            }
        )+
    };
}

contents! {
    /// An IPv4 address.
    A {
        /// The address.
        address "content": Ipv4Addr,
    }
    /// An IPv6 address.
    Aaaa {
        /// The address.
        address "content": Ipv6Addr,
    }
    /// Which CA may issue (RFC 8659).
    Caa {
        /// 128 is the critical bit.
        flags "flags": u8,
        /// `issue`, `issuewild`, `iodef` and the like.
        tag "tag": CaaTag,
        /// For example `letsencrypt.org`.
        value "value": LongText,
    }
    /// A certificate (RFC 4398).
    Cert {
        /// Its kind.
        certificate_type "type": u16,
        /// The key's tag.
        key_tag "key_tag": u16,
        /// The key's algorithm.
        algorithm "algorithm": u8,
        /// The certificate.
        certificate "certificate": Base64,
    }
    /// The name is an alias.
    Cname {
        /// Of this one.
        target "content": NamedTarget,
    }
    /// A key that signs (RFC 4034).
    Dnskey {
        /// Zone key, secure entry point.
        flags "flags": u16,
        /// Always 3.
        protocol "protocol": u8,
        /// The key's algorithm.
        algorithm "algorithm": u8,
        /// The key.
        public_key "public_key": Base64,
    }
    /// A child's key (RFC 4034).
    Ds {
        /// The key's tag.
        key_tag "key_tag": u16,
        /// The key's algorithm.
        algorithm "algorithm": u8,
        /// The digest's algorithm.
        digest_type "digest_type": u8,
        /// The digest.
        digest "digest": Hex,
    }
    /// How HTTPS is spoken (RFC 9460).
    Https {
        /// 0 makes it an alias.
        priority "priority": u16,
        /// The server.
        target "target": Target,
        /// Its parameters.
        params "value": SvcParams,
    }
    /// A mail server.
    Mx {
        /// Lower ones are preferred.
        priority "priority": u16,
        /// The server; the root says that there is none (RFC 7505).
        target "content": Target,
    }
    /// A rule that rewrites (RFC 3403).
    Naptr {
        /// Rules are applied in this order.
        order "order": u16,
        /// Of the same order, in this one.
        preference "preference": u16,
        /// Flags.
        flags "flags": ShortText,
        /// The service.
        service "service": ShortText,
        /// The expression.
        regex "regex": ShortText,
        /// The next name.
        replacement "replacement": Target,
    }
    /// A name server of a name below the zone's.
    Ns {
        /// The server.
        target "content": NamedTarget,
    }
    /// An OpenPGP key (RFC 7929).
    Openpgpkey {
        /// The key.
        key "content": Base64,
    }
    /// Where an address's name is.
    Ptr {
        /// The name.
        target "content": NamedTarget,
    }
    /// A certificate for mail (RFC 8162).
    Smimea {
        /// Certificate usage.
        usage "usage": u8,
        /// Selector.
        selector "selector": u8,
        /// Matching type.
        matching_type "matching_type": u8,
        /// The association data.
        certificate "certificate": Hex,
    }
    /// Where a service is (RFC 2782).
    Srv {
        /// Lower ones are preferred.
        priority "priority": u16,
        /// The share among those of the same priority.
        weight "weight": u16,
        /// The port.
        port "port": u16,
        /// The server; the root says that there is none.
        target "target": Target,
    }
    /// The fingerprint of an SSH key (RFC 4255).
    Sshfp {
        /// The key's algorithm.
        algorithm "algorithm": u8,
        /// The fingerprint's algorithm.
        fingerprint_type "type": u8,
        /// The fingerprint.
        fingerprint "fingerprint": Hex,
    }
    /// How a service is spoken (RFC 9460).
    Svcb {
        /// 0 makes it an alias.
        priority "priority": u16,
        /// The server.
        target "target": Target,
        /// Its parameters.
        params "value": SvcParams,
    }
    /// A certificate for TLS (RFC 6698).
    Tlsa {
        /// Certificate usage.
        usage "usage": u8,
        /// Selector.
        selector "selector": u8,
        /// Matching type.
        matching_type "matching_type": u8,
        /// The association data.
        certificate "certificate": Hex,
    }
    /// Where a service is, as a URI (RFC 7553).
    Uri {
        /// Lower ones are preferred.
        priority "priority": u16,
        /// The share among those of the same priority.
        weight "weight": u16,
        /// The URI.
        target "target": LongText,
    }
}

/// A target that is not the root.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedTarget(pub RecordName);

macro_rules! dispatch {
    ($($variant:ident),+ $(,)?) => {
        /// A type with its value.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum Content {
            $(#[doc = concat!("See [`", stringify!($variant), "`].")] $variant($variant)),+
        }

        impl Content {
            /// Its type.
            pub fn kind(&self) -> RecordKind {
                match self { $(Self::$variant(_) => RecordKind::$variant),+ }
            }

            /// Reads words in presentation format. More words than the type has are an error.
            ///
            /// # Errors
            /// The first field that is not right.
            pub fn read(kind: RecordKind, tokens: &mut Tokens<'_>) -> Result<Self, ContentError> {
                let content = match kind {
                    $(RecordKind::$variant => Self::$variant($variant::read(tokens)?)),+
                };
                finish(kind, tokens)?;
                content.check()
            }

            fn from_parts(kind: RecordKind, parts: &Parts) -> Result<Self, ContentError> {
                let content = match kind {
                    $(RecordKind::$variant => Self::$variant($variant::from_parts(parts)?)),+
                };
                content.check()
            }

            /// Presentation format, in which all names are absolute and have no final dot.
            pub fn presentation(&self) -> String {
                match self { $(Self::$variant(content) => content.show()),+ }
            }

            /// Presentation format for zone files: names have their final dot, so that no origin is put behind them.
            pub fn zone_file(&self) -> String {
                match self { $(Self::$variant(content) => content.show_absolute()),+ }
            }

            /// The value as it travels (RDATA), without compressed names.
            pub fn rdata(&self) -> Vec<u8> {
                let mut out = Vec::new();
                match self { $(Self::$variant(content) => content.write(&mut out)),+ }
                out
            }

            /// The fields by name, in the order of presentation format.
            fn fields(&self) -> Vec<(&'static str, Part)> {
                match self { $(Self::$variant(content) => content.parts()),+ }
            }
        }
    };
}
dispatch!(
    A, Aaaa, Caa, Cert, Cname, Dnskey, Ds, Https, Loc, Mx, Naptr, Ns, Openpgpkey, Ptr, Smimea, Srv,
    Sshfp, Svcb, Tlsa, Txt, Uri,
);

impl Content {
    /// Reads what a user gave: parts where there are any, otherwise the text.
    ///
    /// # Errors
    /// The first field that is missing or not right.
    pub fn parse(kind: RecordKind, given: Given<'_>) -> Result<Self, ContentError> {
        match (given.data, given.content) {
            (Some(data), _) if Self::has_data(kind) => Self::from_data(kind, data, given.priority),
            (_, Some(content)) => Self::from_text(kind, content, given.priority),
            (_, None) => {
                let at = if Self::has_data(kind) { At::Data("") } else { At::Content };
                let field = if Self::has_data(kind) { "data" } else { "content" };
                Err(ContentError { kind, at, field, why: Fault::Missing })
            }
        }
    }

    /// Whether the type's fields are also given and shown by name.
    pub fn has_data(kind: RecordKind) -> bool {
        !matches!(
            kind,
            RecordKind::A
                | RecordKind::Aaaa
                | RecordKind::Cname
                | RecordKind::Mx
                | RecordKind::Ns
                | RecordKind::Openpgpkey
                | RecordKind::Ptr
                | RecordKind::Txt
        )
    }

    /// Reads the text of the API: like presentation format, but that the priority may stand beside it, and that a TXT
    /// may do without quotes.
    fn from_text(
        kind: RecordKind,
        text: &str,
        priority: Option<u16>,
    ) -> Result<Self, ContentError> {
        if kind == RecordKind::Txt {
            return Txt::from_content(text).map(Self::Txt)?.check();
        }
        let words = match kind {
            RecordKind::Mx => 2,
            RecordKind::Srv => 4,
            RecordKind::Uri => 3,
            _ => return Self::read(kind, &mut Tokens::absolute(text)),
        };
        let is_short = Tokens::absolute(text).count_left() < words;
        match priority {
            Some(priority) if is_short => {
                Self::read(kind, &mut Tokens::absolute(&format!("{priority} {text}")))
            }
            None if is_short => {
                let (at, field) = (At::Priority, "priority");
                Err(ContentError { kind, at, field, why: Fault::Missing })
            }
            _ => Self::read(kind, &mut Tokens::absolute(text)),
        }
    }

    fn from_data(
        kind: RecordKind,
        data: &Parts,
        priority: Option<u16>,
    ) -> Result<Self, ContentError> {
        match priority {
            // The API has these priorities beside the parts.
            Some(priority) if !data.contains_key("priority") => {
                let mut data = data.clone();
                data.insert("priority".into(), Part::Number(priority.into()));
                Self::from_parts(kind, &data)
            }
            _ => Self::from_parts(kind, data).map_err(|error| match error.at {
                At::Data("priority") if kind == RecordKind::Uri => {
                    ContentError { at: At::Priority, ..error }
                }
                _ => error,
            }),
        }
    }

    /// The text of the API: presentation format, but that an MX has its priority beside it, and a TXT is as it was
    /// written.
    pub fn text(&self) -> String {
        match self {
            Self::Mx(mx) => mx.target.to_string(),
            Self::Txt(txt) => txt.written().to_owned(),
            _ => self.presentation(),
        }
    }

    /// The priority that stands beside the text.
    pub fn priority(&self) -> Option<u16> {
        match self {
            Self::Mx(mx) => Some(mx.priority),
            Self::Srv(srv) => Some(srv.priority),
            Self::Uri(uri) => Some(uri.priority),
            _ => None,
        }
    }

    /// The parts of the API; `None` for a type that is only text.
    pub fn data(&self) -> Option<Vec<(&'static str, Part)>> {
        let is_shown = |name: &str| !(name == "priority" && matches!(self, Self::Uri(_)));
        Self::has_data(self.kind())
            .then(|| self.fields().into_iter().filter(|(name, _)| is_shown(name)).collect())
    }

    /// What texts that are looked for are compared with: lower case; of a TXT what it says, however it was quoted.
    pub fn sought(&self) -> String {
        match self {
            Self::Txt(txt) => String::from_utf8_lossy(&txt.value()).to_lowercase(),
            _ => self.text().to_lowercase(),
        }
    }

    /// Whether two records of one name would say the same. How a TXT is cut into strings does not matter.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Txt(one), Self::Txt(other)) => one.value() == other.value(),
            _ => self.kind() == other.kind() && self.rdata() == other.rdata(),
        }
    }

    /// The rules that fields have together.
    fn check(self) -> Result<Self, ContentError> {
        let kind = self.kind();
        let fault = |field, why| Err(ContentError { kind, at: At::Content, field, why });
        if self.rdata().len() > RDATA_BYTES_MAX {
            return fault("content", Fault::TooLong { max: RDATA_BYTES_MAX });
        }
        match &self {
            Self::Dnskey(key) if key.protocol != 3 => {
                fault("protocol", Fault::Other("must be 3 (RFC 4034 section 2.1.2)"))
            }
            // RFC 9460 section 2.4.2: an alias has no parameters.
            Self::Https(Https { priority: 0, params, .. })
            | Self::Svcb(Svcb { priority: 0, params, .. })
                if !params.is_empty() =>
            {
                fault("value", Fault::Other("must be empty where the priority is 0 (RFC 9460)"))
            }
            _ => Ok(self),
        }
    }
}
