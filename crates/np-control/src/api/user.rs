//! `/user` and `/memberships`: who is asking, and in which accounts they are. Every user runs the installation, and so is a
//! member of every account.

use axum::extract::{Query, State};
use http::StatusCode;

use super::{
    Api,
    auth::{self, AsUser},
    body::Body,
    envelope::{Envelope, Reply, ok},
    error::{ApiError, Problem},
    openapi::{PAGES, QueryParam, shape},
    pagination::{Params, result_info},
    router::Route,
    wire::user::{self, MembershipWire, UserBody, UserWire},
};
use crate::app::{
    access::{Area, Permission},
    users,
};

const MEMBERSHIP_QUERY: &[QueryParam] = &[
    QueryParam::new("name", shape::text, "In the account with just this name."),
    QueryParam::new("account.name", shape::text, "The same."),
    QueryParam::new("status", shape::text, "`accepted` matches all, any other none."),
    QueryParam::new("order", shape::text, "Taken and not needed: the oldest account first."),
    QueryParam::new("direction", shape::text, "Taken and not needed."),
];

pub(crate) fn routes() -> Vec<Route> {
    const ONE: &str = "/memberships/{membership_id}";
    let (look, change) = (Permission::read(Area::User), Permission::write(Area::User));
    let look_up = Permission::read(Area::Membership);
    vec![
        Route::get("/user", "user-user-details", look, read)
            .tag("User")
            .summary("Who is asking")
            .result::<UserWire>(),
        Route::patch("/user", "user-edit-user", change, edit)
            .tag("User")
            .summary("Change the user's names")
            .body::<UserBody>()
            .result::<UserWire>(),
        Route::get("/memberships", "user'-s-account-memberships-list-memberships", look_up, list)
            .tag("User")
            .summary("The accounts that the user is in")
            .query(PAGES)
            .query(MEMBERSHIP_QUERY)
            .list::<MembershipWire>(),
        Route::get(ONE, "user'-s-account-memberships-membership-details", look_up, membership)
            .tag("User")
            .summary("One membership")
            .result::<MembershipWire>(),
    ]
}

async fn read(AsUser(user): AsUser) -> Reply {
    Ok(ok(user::render(&user)))
}

async fn edit(State(api): State<Api>, AsUser(user): AsUser, Body(body): Body) -> Reply {
    let renamed = users::rename(&api.app, user, user::parse_edit(&body)?).await?;
    Ok(ok(user::render(&renamed)))
}

async fn list(
    State(api): State<Api>,
    AsUser(user): AsUser,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page()?;
    let name = params.get("account.name").or_else(|| params.get("name"));
    let none = params.get("status").is_some_and(|status| status != "accepted");
    let mut accounts = api.app.stores.accounts.accounts().await?;
    accounts.retain(|account| !none && name.is_none_or(|name| account.name.as_str() == name));
    let total = accounts.len() as u64;
    let skipped = (page.number as usize - 1).saturating_mul(page.size as usize);
    let shown: Vec<_> = accounts
        .iter()
        .skip(skipped)
        .take(page.size as usize)
        .map(|account| user::render_membership(&user, account))
        .collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

/// The membership's id in the path.
struct MembershipInPath(String);

impl axum::extract::FromRequestParts<Api> for MembershipInPath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut http::request::Parts,
        _: &Api,
    ) -> Result<Self, ApiError> {
        Ok(Self(auth::path_id(parts, "membership_id").await?))
    }
}

async fn membership(
    State(api): State<Api>,
    AsUser(user): AsUser,
    MembershipInPath(id): MembershipInPath,
) -> Reply {
    let accounts = api.app.stores.accounts.accounts().await?;
    let found = accounts.iter().find(|account| users::membership_id(&user, account.id) == id);
    let found = found.ok_or_else(|| ApiError::of(Problem::MembershipNotFound))?;
    Ok(ok(user::render_membership(&user, found)))
}
