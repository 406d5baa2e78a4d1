//! The certificate authorities, from what is configured: each file that is named is read here, once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use np_control::{
    adapters::{
        acme::{self, AcmeAuthority, AcmeSettings, ExternalAccount, Rolled},
        local_ca::{LocalAuthority, LocalSettings},
    },
    reconcile::Authorities,
    stores::Stores,
};
use np_domain::{
    certificate::AuthorityName,
    name::DnsName,
    ports::{Authority, Clock, HttpProbe, Resolver, Vault},
    secret::SecretBytes,
};

use super::{control, mail};
use crate::config::{
    Loaded,
    authorities::{Acme, Binding, BindingKey, Driven},
    error::{ConfigError, Invalid},
    value::Span,
};
use crate::failure::Failure;

/// How long a CA may take to show its directory when we only want to know whether it is there.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);

/// One configured CA with what its driver needs.
pub(crate) enum Settings {
    /// ACME.
    Acme(Box<AcmeSettings>),
    /// The CA in this program.
    Local(LocalSettings),
}

/// Reads what is configured, and the files that it names.
pub(crate) fn settings(loaded: &Loaded) -> Result<Vec<Settings>, ConfigError> {
    let one = |(word, authority): (&_, &crate::config::authorities::Authority)| {
        let name = AuthorityName::from(*word);
        let blame = |invalid| loaded.blame(&section(name), invalid);
        match authority.driven().map_err(blame)? {
            Driven::Acme(acme) => {
                acme_settings(name, *acme).map(|acme| Settings::Acme(Box::new(acme))).map_err(blame)
            }
            Driven::Local { validity } => {
                let domain = loaded.config.dns.domain(&loaded.config.platform);
                let domain = domain.map_err(|why| loaded.blame("dns", why))?;
                let target = domain.local_ca_target();
                local_settings(name, validity, target).map(Settings::Local).map_err(blame)
            }
        }
    };
    loaded.config.authorities.iter().map(one).collect()
}

/// Asks every ACME CA for its directory; what is wrong with those that do not answer.
pub(crate) async fn unreachable(loaded: &Loaded, settings: &[Settings]) -> Vec<ConfigError> {
    let mut missing = Vec::new();
    for settings in settings {
        let Settings::Acme(settings) = settings else { continue };
        let asked = AcmeSettings { timeout: REACH_TIMEOUT, ..(**settings).clone() };
        if let Err(why) = acme::reach(&asked).await {
            let message = format!(
                "{} does not answer as a certificate authority ({:#}): correct the URL, or see to the network",
                settings.directory_url,
                anyhow::Error::new(why)
            );
            let invalid = Invalid::new("directory_url", message);
            missing.push(loaded.blame(&section(settings.name), invalid));
        }
    }
    missing
}

fn section(name: AuthorityName) -> String {
    format!("authorities.{}", name.as_str())
}

fn acme_settings(name: AuthorityName, acme: Acme) -> Result<AcmeSettings, Invalid> {
    let root = acme.root_pem_file.as_deref().map(|path| read("root_pem_file", path)).transpose()?;
    Ok(AcmeSettings {
        contacts: acme.contact.into_iter().collect(),
        external_account: acme.binding.map(external_account).transpose()?,
        profile: acme.profile,
        txt: acme.txt,
        limits: acme.limits,
        root_pem: root,
        ..AcmeSettings::new(name, acme.directory_url)
    })
}

fn local_settings(
    name: AuthorityName,
    validity: Span,
    cname_target: DnsName,
) -> Result<LocalSettings, Invalid> {
    let leaf_life = time::Duration::try_from(validity.0)
        .map_err(|_| Invalid::new("validity", "is longer than time itself: write 90d"))?;
    Ok(LocalSettings { leaf_life, ..LocalSettings::new(name, cname_target) })
}

fn external_account(binding: Binding) -> Result<ExternalAccount, Invalid> {
    let (key, text) = match binding.key {
        BindingKey::File(path) => ("eab_hmac_key_file", read("eab_hmac_key_file", &path)?),
        BindingKey::Given(text) => ("eab_hmac_key", text),
    };
    // CAs hand it out with padding and without.
    let decoded = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('='));
    let hmac_key =
        decoded.map_err(|_| Invalid::new(key, "is not base64url: copy it as the CA shows it"))?;
    Ok(ExternalAccount { key_id: binding.kid, hmac_key: SecretBytes::new(hmac_key) })
}

pub(super) fn read(key: &'static str, path: &Path) -> Result<String, Invalid> {
    fs::read_to_string(path).map_err(|why| {
        let path = path.display();
        Invalid::new(key, format!("{path} cannot be read ({why}): correct the path or its rights"))
    })
}

/// What CAs are built with.
pub(crate) struct BuildDeps<'a> {
    /// The configuration.
    pub(crate) loaded: &'a Loaded,
    /// Keeps their accounts and keys.
    pub(crate) stores: &'a Stores,
    /// Seals them.
    pub(crate) vault: &'a Arc<dyn Vault>,
    /// Dates the local CA's certificates.
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// The local CA's view of DNS.
    pub(crate) resolver: &'a Arc<dyn Resolver>,
    /// The local CA's look at port 80.
    pub(crate) probe: &'a Arc<dyn HttpProbe>,
}

/// The CAs.
pub(crate) struct Built {
    /// By the API's names.
    pub(crate) authorities: Authorities,
    /// Where the root of the CA in this program was written, if there is one.
    pub(crate) local_root: Option<PathBuf>,
}

/// Builds what is configured.
pub(crate) async fn build(deps: &BuildDeps<'_>) -> Result<Built, Failure> {
    let loaded = deps.loaded;
    let (mut built, mut local_root) = (Vec::<Arc<dyn Authority>>::new(), None);
    for settings in settings(loaded)? {
        match settings {
            Settings::Acme(acme) => {
                let authority = acme_authority(loaded, deps.stores, deps.vault, *acme)?;
                built.push(Arc::new(authority));
            }
            Settings::Local(settings) => {
                let authority = local_authority(deps, settings).await?;
                let path = loaded.config.data.local_root();
                fs::write(&path, authority.root_pem())
                    .with_context(|| format!("{} cannot be written", path.display()))?;
                built.push(Arc::new(authority));
                local_root = Some(path);
            }
        }
    }
    let certificates = &loaded.config.certificates;
    let authorities = Authorities::new(built, certificates.default_authority.into());
    let authorities = authorities.and_then(|all| all.preferring(certificates.preference()));
    let authorities = authorities.ok_or_else(|| {
        let message = "is not among the configured authorities: name one that is";
        loaded.blame("certificates", Invalid::new("default_authority", message))
    })?;
    Ok(Built { authorities: authorities.breaking(certificates.breaker()), local_root })
}

/// Gives our accounts at the CAs, or at `only` one of them, another key each.
pub(crate) async fn roll_account_keys(
    loaded: &Loaded,
    only: Option<AuthorityName>,
) -> Result<(), Failure> {
    let vault: Arc<dyn Vault> = Arc::new(control::vault(loaded)?);
    let stores = Stores::of(Arc::new(control::open_store(loaded).await?));
    let wanted = settings(loaded)?.into_iter().filter_map(|settings| match settings {
        Settings::Acme(acme) => only.is_none_or(|name| name == acme.name).then_some(*acme),
        Settings::Local(_) => None,
    });
    let wanted: Vec<_> = wanted.collect();
    if let (Some(name), []) = (only, wanted.as_slice()) {
        let name = name.as_str();
        let why = anyhow!("{name} is not configured as an ACME CA: see [authorities.{name}]");
        return Err(why.into());
    }
    let mut failed = Vec::new();
    for acme in wanted {
        let name = acme.name.as_str();
        let authority = acme_authority(loaded, &stores, &vault, acme)?;
        match authority.roll_account_key().await {
            Ok(rolled) => println!("{name}: {}", rolled_words(rolled)),
            Err(why) => {
                eprintln!("{name}: {why}");
                failed.push(name);
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => {
            Err(anyhow!("the key was not changed at {}; run it again", failed.join(", ")).into())
        }
    }
}

fn rolled_words(rolled: Rolled) -> &'static str {
    match rolled {
        Rolled::Done => "the account has a new key; processes that run go on with it by themselves",
        Rolled::Finished => "the account has the new key of a change that had been interrupted",
        Rolled::NoAccount => "there is no account yet: the first order makes one, with a new key",
    }
}

async fn local_authority(
    deps: &BuildDeps<'_>,
    settings: LocalSettings,
) -> Result<LocalAuthority, Failure> {
    let (resolver, probe, clock) = (deps.resolver.clone(), deps.probe.clone(), deps.clock.clone());
    let (secrets, vault) = (&*deps.stores.secrets, &**deps.vault);
    let opened = LocalAuthority::open(settings, resolver, probe, clock, secrets, vault).await;
    let opened = opened.context("the local certificate authority cannot start")?;
    Ok(match mail::desk(deps)? {
        Some(desk) => opened.with_desk(Arc::new(desk)),
        None => opened,
    })
}

fn acme_authority(
    loaded: &Loaded,
    stores: &Stores,
    vault: &Arc<dyn Vault>,
    settings: AcmeSettings,
) -> Result<AcmeAuthority, ConfigError> {
    let section = section(settings.name);
    let made = AcmeAuthority::new(settings, stores.secrets.clone(), vault.clone());
    made.map_err(|why| {
        let message = format!("{:#}", anyhow::Error::new(why));
        loaded.blame(&section, Invalid::new("root_pem_file", message))
    })
}
