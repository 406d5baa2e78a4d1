//! What a record says: one struct per type, each read from text or from named parts, and written as text, as parts and
//! as it travels.
//!
//! The structs of most types are lists of fields ([`field`]) in the order of presentation format, which is also that of
//! the wire. TXT ([`txt`]), LOC ([`loc`]) and the parameters of HTTPS and SVCB ([`svc_params`]) have forms of their
//! own. What users give and are shown is read and written in [`given`].

pub mod field;
pub mod loc;
pub mod svc_params;
pub mod txt;

mod error;
mod given;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, Ipv6Addr};

pub use self::{
    error::{At, ContentError, Fault},
    given::{Given, Part, Parts},
};

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
