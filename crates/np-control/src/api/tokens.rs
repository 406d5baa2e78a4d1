//! API tokens: a user's at `/user/tokens`, an account's own at `/accounts/{account_id}/tokens`. The two families differ in
//! whose tokens they are about, and in nothing else.

use axum::extract::{FromRequestParts, Query, State};
use http::{StatusCode, request::Parts};
use np_domain::{
    id::{AccountId, TokenId},
    permission::Group,
    ports::Direction,
    token::{Identity, Owner, Principal},
};

use super::{
    Api,
    auth::{self, AsUser, Caller, InAccount},
    body::Body,
    envelope::{Envelope, Id, Item, Reply, ok},
    error::{ApiError, Problem},
    guard::HoldsSecret,
    openapi::{PAGES, QueryParam, shape},
    pagination::{Params, result_info},
    router::Route,
    wire::{
        permission_group::{self, PermissionGroupWire},
        token::{self, NewTokenWire, TokenBody, TokenWire, VerifiedWire},
    },
};
use crate::app::{
    access::{Area, Permission},
    tokens::manage,
};

const LIST_QUERY: &[QueryParam] = &[
    QueryParam::new("direction", shape::direction, "`asc`, the oldest first, or `desc`."),
    QueryParam::new("include_expired", shape::flag, "Taken and not needed: all are listed."),
];
const GROUP_QUERY: &[QueryParam] = &[
    QueryParam::new("name", shape::text, "Those with just this name."),
    QueryParam::new("scope", shape::text, "Those for resources of this kind."),
];

/// Paths and operation ids of one family.
struct Family {
    all: &'static str,
    one: &'static str,
    value: &'static str,
    groups: &'static str,
    verify: &'static str,
    /// In the order of the routes below.
    ids: [&'static str; 8],
}

/// A family below a path, with ids that begin alike. Only the list of permissions has a name of its own in the original.
macro_rules! family {
    ($all:literal, $of:literal, $groups:literal) => {
        Family {
            all: $all,
            one: concat!($all, "/{token_id}"),
            value: concat!($all, "/{token_id}/value"),
            groups: concat!($all, "/permission_groups"),
            verify: concat!($all, "/verify"),
            ids: [
                concat!($of, "-api-tokens-list-tokens"),
                concat!($of, "-api-tokens-create-token"),
                $groups,
                concat!($of, "-api-tokens-verify-token"),
                concat!($of, "-api-tokens-token-details"),
                concat!($of, "-api-tokens-update-token"),
                concat!($of, "-api-tokens-delete-token"),
                concat!($of, "-api-tokens-roll-token"),
            ],
        }
    };
}

const OF_USER: Family = family!("/user/tokens", "user", "permission-groups-list-permission-groups");
const OF_ACCOUNT: Family = family!(
    "/accounts/{account_id}/tokens",
    "account",
    "account-api-tokens-list-permission-groups"
);

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = family::<AsUser, Anyone>(&OF_USER);
    routes.extend(family::<InAccount, InAccount>(&OF_ACCOUNT));
    routes
}

fn family<O, V>(family: &Family) -> Vec<Route>
where
    O: OwnerOf,
    V: FromRequestParts<Api, Rejection = ApiError> + Send + 'static,
{
    const TAG: &str = "API tokens";
    const CREATE: &str = "It can allow no more than the one that makes it may do. The reply has the \
        secret, which is not shown again.";
    const SECRET: &str = "The reply has the secret, which is not shown again.";
    let (look, change) = (Permission::read(Area::Token), Permission::write(Area::Token));
    let [list_id, create_id, groups_id, verify_id, read_id, update_id, remove_id, roll_id] =
        family.ids;
    vec![
        Route::get(family.all, list_id, look, list::<O>)
            .tag(TAG)
            .summary("List tokens")
            .query(PAGES)
            .query(LIST_QUERY)
            .list::<TokenWire>(),
        Route::post(family.all, create_id, change, create::<O>)
            .tag(TAG)
            .summary("Make a token")
            .details(CREATE)
            .body::<TokenBody>()
            .result::<NewTokenWire>(),
        Route::get(family.groups, groups_id, look, groups::<O>)
            .tag(TAG)
            .summary("The permissions that tokens can be given")
            .query(GROUP_QUERY)
            .list::<PermissionGroupWire>(),
        Route::get(family.verify, verify_id, Permission::AnyToken, verify::<V>)
            .tag(TAG)
            .summary("Whether the token works")
            .result::<VerifiedWire>(),
        Route::get(family.one, read_id, look, read::<O>)
            .tag(TAG)
            .summary("One token")
            .result::<TokenWire>(),
        Route::put(family.one, update_id, change, update::<O>)
            .tag(TAG)
            .summary("Change a token")
            .details("What is left out is reset; its secret stays.")
            .body::<TokenBody>()
            .result::<TokenWire>(),
        Route::delete(family.one, remove_id, change, remove::<O>)
            .tag(TAG)
            .summary("Withdraw a token")
            .result::<Id>(),
        Route::put(family.value, roll_id, change, roll::<O>)
            .tag(TAG)
            .summary("Give a token a new secret")
            .details(SECRET)
            .without_body()
            .result::<String>(),
    ]
}

/// Whose tokens a path is about, for a caller who may do this to them.
pub(crate) trait OwnerOf:
    FromRequestParts<Api, Rejection = ApiError> + Send + 'static
{
    /// The owner, and the account that a new token acts in.
    fn owner(&self, caller: &Principal) -> (Owner, AccountId);
}

impl OwnerOf for AsUser {
    fn owner(&self, caller: &Principal) -> (Owner, AccountId) {
        (Owner::User(self.0.id), caller.account)
    }
}

impl OwnerOf for InAccount {
    fn owner(&self, _: &Principal) -> (Owner, AccountId) {
        (Owner::Account(self.0.id), self.0.id)
    }
}

/// Whoever it is: who may verify a token at `/user`, those of accounts too.
struct Anyone;

impl FromRequestParts<Api> for Anyone {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Ok(Self)
    }
}

/// The token's id in the path.
pub(crate) struct TokenInPath(TokenId);

impl FromRequestParts<Api> for TokenInPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        let id = auth::path_id(parts, "token_id").await?.parse();
        id.map(Self).map_err(|_| auth::no_route(parts))
    }
}

async fn list<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    Query(query): Query<Vec<(String, String)>>,
) -> Reply {
    let params = Params::new(query);
    let page = params.page()?;
    let direction = match params.get("direction") {
        Some("desc") => Direction::Descending,
        _ => Direction::Ascending,
    };
    let (owner, _) = owner.owner(&caller);
    let (tokens, total) = api.app.stores.accounts.list_tokens(owner, direction, page).await?;
    let now = api.app.now();
    let shown: Vec<_> = tokens.iter().map(|token| token::render(token, now)).collect();
    let info = result_info(page, shown.len(), total);
    Ok(Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK))
}

async fn create<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    Body(body): Body,
) -> Reply {
    let (owner, account) = owner.owner(&caller);
    let wanted = token::parse(&body)?;
    let (made, secret) = manage::create(&api.app, &caller, owner, account, wanted).await?;
    let shown = token::render_new(&made, secret.expose(), api.app.now());
    Ok(HoldsSecret::mark(ok(shown)))
}

async fn groups<O: OwnerOf>(_: O, Query(query): Query<Vec<(String, String)>>) -> Reply {
    let params = Params::new(query);
    let named = |group: &Group| {
        let (_, name) = permission_group::id_and_name(*group);
        params.get("name").is_none_or(|wanted| wanted == name)
    };
    let scoped = |group: &Group| {
        params.get("scope").is_none_or(|scope| scope == permission_group::scope(group.reach))
    };
    let groups = Group::ALL.into_iter().filter(|group| named(group) && scoped(group));
    let shown: Vec<_> = groups.map(permission_group::render).collect();
    Ok(whole(shown))
}

/// A list that is one page, whatever page is asked for: the SDKs read it as one.
fn whole<T: serde::Serialize>(shown: Vec<T>) -> axum::response::Response {
    let (count, size) = (shown.len(), u32::try_from(shown.len().max(1)).unwrap_or(u32::MAX));
    let info = result_info(np_domain::ports::Page { number: 1, size }, count, count as u64);
    Envelope { result_info: Some(info), ..Envelope::of(shown) }.reply(StatusCode::OK)
}

async fn verify<V>(State(api): State<Api>, Caller(caller): Caller, _: V) -> Reply {
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
    let verified = token::verified(&token, api.app.now());
    let envelope = Envelope { messages: vec![message], ..Envelope::of(verified) };
    Ok(envelope.reply(StatusCode::OK))
}

async fn read<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    TokenInPath(id): TokenInPath,
) -> Reply {
    let token = manage::find(&api.app, owner.owner(&caller).0, id).await?;
    Ok(ok(token::render(&token, api.app.now())))
}

async fn update<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    TokenInPath(id): TokenInPath,
    Body(body): Body,
) -> Reply {
    let (owner, _) = owner.owner(&caller);
    let changed = manage::update(&api.app, &caller, owner, id, token::parse(&body)?).await?;
    Ok(ok(token::render(&changed, api.app.now())))
}

async fn remove<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    TokenInPath(id): TokenInPath,
) -> Reply {
    manage::remove(&api.app, &caller, owner.owner(&caller).0, id).await?;
    Ok(ok(Id { id: id.to_string() }))
}

async fn roll<O: OwnerOf>(
    State(api): State<Api>,
    Caller(caller): Caller,
    owner: O,
    TokenInPath(id): TokenInPath,
) -> Reply {
    let secret = manage::roll(&api.app, &caller, owner.owner(&caller).0, id).await?;
    Ok(HoldsSecret::mark(ok(secret.expose())))
}
