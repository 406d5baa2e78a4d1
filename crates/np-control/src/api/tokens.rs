//! `/user/tokens/verify`: whether a token works.

use axum::extract::State;
use http::StatusCode;
use np_domain::token::Identity;

use super::{
    Api,
    auth::Caller,
    envelope::{Envelope, Item, Reply},
    error::{ApiError, Problem},
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

pub(crate) async fn verify(State(api): State<Api>, Caller(caller): Caller) -> Reply {
    let Identity::Token(id) = caller.identity else {
        return Err(ApiError::of(Problem::InvalidToken).because("There is none: a key was sent."));
    };
    let token = api.app.stores.accounts.token(id).await?;
    let token = token.ok_or_else(|| ApiError::of(Problem::InvalidToken))?;
    let message = Item {
        code: 10000,
        message: "This API Token is valid and active".to_owned(),
        source: None,
        error_chain: Vec::new(),
    };
    let envelope = Envelope { messages: vec![message], ..Envelope::of(token::render(&token)) };
    Ok(envelope.reply(StatusCode::OK))
}
