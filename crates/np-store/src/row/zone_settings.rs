//! The document of what a zone says about how its names are served, in a column of its own: the release before does not
//! know it.

use serde::{Deserialize, Serialize};

use super::{
    Damage, Micros, V1, each,
    tls::{Switch, TlsVersion},
    words,
};
use np_domain::{tls_policy::CipherList, zone::settings};

words!(OriginTls is settings::OriginTls: Plain, Unverified, Verified);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    v: V1,
    made: Vec<Made>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    setting: Setting,
    at: Micros,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Setting {
    AlwaysUseHttps(Switch),
    Ciphers(Vec<String>),
    EarlyHints(Switch),
    Http2(Switch),
    MinTlsVersion(TlsVersion),
    Origin(OriginTls),
    SecurityHeader {
        is_enabled: bool,
        max_age: u32,
        includes_subdomains: bool,
        preload: bool,
        nosniff: bool,
    },
    Tls13(Switch),
}

impl From<&settings::Settings> for Settings {
    fn from(settings: &settings::Settings) -> Self {
        let made =
            |made: &settings::Made| Made { setting: (&made.setting).into(), at: made.at.into() };
        Self { v: V1, made: settings.iter().map(made).collect() }
    }
}

impl TryFrom<Settings> for settings::Settings {
    type Error = Damage;

    fn try_from(row: Settings) -> Result<Self, Damage> {
        Ok(each::<_, settings::Made>(row.made)?.into_iter().collect())
    }
}

impl TryFrom<Made> for settings::Made {
    type Error = Damage;

    fn try_from(row: Made) -> Result<Self, Damage> {
        Ok(Self { setting: row.setting.try_into()?, at: row.at.try_into()? })
    }
}

impl From<&settings::Setting> for Setting {
    fn from(setting: &settings::Setting) -> Self {
        match setting {
            settings::Setting::AlwaysUseHttps(switch) => Self::AlwaysUseHttps((*switch).into()),
            settings::Setting::Ciphers(list) => {
                Self::Ciphers(list.iter().map(|cipher| cipher.as_str().to_owned()).collect())
            }
            settings::Setting::EarlyHints(switch) => Self::EarlyHints((*switch).into()),
            settings::Setting::Http2(switch) => Self::Http2((*switch).into()),
            settings::Setting::MinTlsVersion(version) => Self::MinTlsVersion((*version).into()),
            settings::Setting::Origin(origin) => Self::Origin((*origin).into()),
            settings::Setting::SecurityHeader(header) => Self::SecurityHeader {
                is_enabled: header.is_enabled,
                max_age: header.max_age,
                includes_subdomains: header.includes_subdomains,
                preload: header.preload,
                nosniff: header.nosniff,
            },
            settings::Setting::Tls13(switch) => Self::Tls13((*switch).into()),
        }
    }
}

impl TryFrom<Setting> for settings::Setting {
    type Error = Damage;

    fn try_from(row: Setting) -> Result<Self, Damage> {
        Ok(match row {
            Setting::AlwaysUseHttps(switch) => Self::AlwaysUseHttps(switch.into()),
            Setting::Ciphers(names) => {
                Self::Ciphers(CipherList::parse(names.iter().map(String::as_str))?)
            }
            Setting::EarlyHints(switch) => Self::EarlyHints(switch.into()),
            Setting::Http2(switch) => Self::Http2(switch.into()),
            Setting::MinTlsVersion(version) => Self::MinTlsVersion(version.into()),
            Setting::Origin(origin) => Self::Origin(origin.into()),
            Setting::SecurityHeader {
                is_enabled,
                max_age,
                includes_subdomains,
                preload,
                nosniff,
            } => Self::SecurityHeader(settings::SecurityHeader {
                is_enabled,
                max_age,
                includes_subdomains,
                preload,
                nosniff,
            }),
            Setting::Tls13(switch) => Self::Tls13(switch.into()),
        })
    }
}
