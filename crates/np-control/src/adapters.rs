//! The world, behind the ports of np-domain: one file per thing that is asked.
//!
//! [`clock`], [`resolver`] and [`http_probe`] look; [`acme`] and [`local_ca`] are the certificate authorities; [`keys`]
//! makes keys with their requests, and [`x509`] reads what CAs made of them; [`bundle`], [`private_key`] and [`trust_store`]
//! read what operators upload. None of them decides anything about a
//! hostname: each answers one question and says in words for people why it could not ([`network_words`]).
//! [`approval_desk`] asks people by [`mail`] to approve for the local CA. [`reserved`]
//! is the rule of which addresses a customer's name may lead us to. [`inspector`] looks at everything at once, for diagnoses.

pub mod acme;
pub mod approval_desk;
pub mod bundle;
pub mod clock;
pub mod http_probe;
pub mod inspector;
pub mod keys;
pub mod local_ca;
pub mod mail;
pub mod network_words;
pub mod private_key;
pub mod reserved;
pub mod resolver;
pub mod trust_store;
pub mod x509;
