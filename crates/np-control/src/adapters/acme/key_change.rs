//! The one request that gives an account another key (RFC 8555 section 7.3.5). instant-acme has it too, but draws the new key
//! itself and shows it only afterwards: a crash in between would lose the account.

use instant_acme::Error;
use serde_json::json;

use super::{
    client::CaClient,
    jws::{self, Signer},
};

/// Tells the CA, in the old key's name, that the account has the new one's from now on.
pub(super) async fn tell(client: &CaClient, old: &Signer, new: &Signer) -> Result<(), Error> {
    let directory = client.directory().await.map_err(Error::Other)?;
    let url = directory.key_change.as_deref();
    let url = url.ok_or(Error::Unsupported("another key for an account"))?;
    let change = json!({ "account": old.account(), "oldKey": old.jwk() });
    let change = new.signed(json!({ "jwk": new.jwk(), "url": url }), &change)?;
    jws::post(client, old, url, &change).await.map(drop)
}
