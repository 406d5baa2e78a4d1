//! What a zone says about how its names are served.

use np_domain::{
    ports::Publish,
    zone::{
        Zone,
        settings::{Kind, Setting},
    },
};
use thiserror::Error;

use super::{App, access::AccessError, zones::change};

/// One change of a zone's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingEdit {
    /// Back to the installation's default.
    Reset(Kind),
    /// To this.
    To(Setting),
}

/// Why settings were not changed.
#[derive(Debug, Error)]
pub enum SettingError {
    /// TLS 1.3 has ciphers of its own.
    #[error("ciphers are chosen while only TLS 1.3 is spoken")]
    CiphersWithTls13,
    /// The zone has gone or memory failed.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Makes all of these changes, or none.
///
/// # Errors
/// See [`SettingError`].
pub async fn edit(app: &App, zone: Zone, edits: &[SettingEdit]) -> Result<Zone, SettingError> {
    let now = app.now();
    let make = |zone: &mut Zone| {
        for edit in edits {
            match edit {
                SettingEdit::Reset(kind) => zone.settings.reset(*kind),
                SettingEdit::To(setting) => zone.settings.make(setting.clone(), now),
            }
        }
        match zone.settings.chooses_ciphers_in_vain() {
            true => Err(SettingError::CiphersWithTls13),
            false => Ok(()),
        }
    };
    let (zone, ()) = change(app, zone, Publish::Yes, make).await?;
    app.bells.publication.ring();
    Ok(zone)
}
