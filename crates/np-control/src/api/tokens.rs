//! `/user/tokens/verify`: whether a token works.

use http::StatusCode;

use super::{
    auth::Caller,
    envelope::{Envelope, Item, Reply},
    router::Route,
    wire::token::{self, TokenWire},
};
use crate::app::access::Permission;

pub(crate) fn routes() -> Vec<Route> {
    const VERIFY: &str = "/user/tokens/verify";
    vec![
        Route::get(VERIFY, "user-api-tokens-verify-token", Permission::AnyToken, verify)
            .tag("API tokens")
            .summary("Whether the token works")
            .result::<TokenWire>(),
    ]
}

pub(crate) async fn verify(Caller(token): Caller) -> Reply {
    let message = Item {
        code: 10000,
        message: "This API Token is valid and active".to_owned(),
        source: None,
        error_chain: Vec::new(),
    };
    let envelope = Envelope { messages: vec![message], ..Envelope::of(token::render(&token)) };
    Ok(envelope.reply(StatusCode::OK))
}
