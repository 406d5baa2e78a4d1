//! What tests of the ACME adapter share.

use std::sync::Arc;

use np_control::adapters::acme::{AcmeAuthority, AcmeSettings};
use np_testkit::pebble::{Options, Pebble};

use crate::support::{MemorySecrets, NAME, OpenVault, Stage};

/// A Pebble, what it looks at, and the memory of processes that ask it.
pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) pebble: Pebble,
    pub(crate) secrets: Arc<MemorySecrets>,
}

impl World {
    pub(crate) async fn start(change: impl FnOnce(&mut Options)) -> Self {
        let stage = Stage::start().await;
        let mut options = Options::new(stage.dns.address());
        options.http_port = stage.web.port();
        change(&mut options);
        let pebble = Pebble::start(options).await.expect("Pebble");
        Self { stage, pebble, secrets: Arc::default() }
    }

    pub(crate) fn settings(&self) -> AcmeSettings {
        let root_pem = self.pebble.tls_root_pem().expect("Pebble's root");
        AcmeSettings {
            contacts: vec!["ops@provider.com".to_owned()],
            root_pem: Some(root_pem),
            ..AcmeSettings::new(NAME, self.pebble.directory_url())
        }
    }

    /// A process of its own, as far as the CA can tell; the memory is shared.
    pub(crate) fn authority(&self) -> AcmeAuthority {
        self.authority_with(self.settings())
    }

    pub(crate) fn authority_with(&self, settings: AcmeSettings) -> AcmeAuthority {
        AcmeAuthority::new(settings, self.secrets.clone(), Arc::new(OpenVault)).expect("a client")
    }
}
