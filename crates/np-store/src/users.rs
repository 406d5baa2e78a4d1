//! Users: table `users`. Of a user's key only the hash is here.

use np_domain::{
    account::User,
    id::UserId,
    ports::{InsertError, StoreError},
    text::Explanation,
};

use crate::{
    Store, records,
    revisions::Changed,
    row::{self, Damage},
    statement::{Row, Statement, sql},
};

const USER: &str = "SELECT id, email, key_sha256, created_at, version, document FROM users";

/// Adds a user.
pub(crate) async fn insert(store: &Store, user: &User) -> Result<(), InsertError> {
    const INSERT: &str = "INSERT INTO users (id, email, key_sha256, created_at, version, document) \
        VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT DO NOTHING";
    const FIND: &str = "SELECT id FROM users WHERE email = $1";
    let insert = sql(INSERT)
        .bind(user.id)
        .bind(user.email.as_str())
        .bind(user.key_sha256)
        .bind(user.created_at)
        .bind(row::encode(&row::user::User::from(user))?);
    let (id, find) = (user.id, sql(FIND).bind(user.email.as_str()));
    store
        .database
        .write(move |connection| {
            Box::pin(async move {
                if connection.execute(insert).await? == 1 {
                    return Ok(());
                }
                let existing = match connection.fetch_optional(find).await? {
                    Some(row) => {
                        UserId::from_bytes(row.id("id").map_err(|why| why.of("users", id))?)
                    }
                    None => id,
                };
                Err(InsertError::Duplicate { existing: Explanation::new(existing.to_string()) })
            })
        })
        .await
}

/// All users, oldest first.
pub(crate) async fn all(store: &Store) -> Result<Vec<User>, StoreError> {
    let mut reader = store.database.reader().await?;
    let rows = reader.fetch_all(sql(format!("{USER} ORDER BY created_at, id"))).await?;
    Ok(records::readable(&rows, user))
}

/// The user with this id.
pub(crate) async fn by_id(store: &Store, id: UserId) -> Result<Option<User>, StoreError> {
    find(store, sql(format!("{USER} WHERE id = $1")).bind(id)).await
}

/// The user with this hash of the key.
pub(crate) async fn by_key(store: &Store, sha256: &[u8; 32]) -> Result<Option<User>, StoreError> {
    find(store, sql(format!("{USER} WHERE key_sha256 = $1")).bind(sha256.as_slice())).await
}

async fn find(store: &Store, find: Statement) -> Result<Option<User>, StoreError> {
    let row = store.database.reader().await?.fetch_optional(find).await?;
    row.as_ref().map(user).transpose()
}

/// Saves over the version that was read.
pub(crate) async fn save(store: &Store, user: &User) -> Result<(), StoreError> {
    const SAVE: &str = "UPDATE users \
        SET email = $1, key_sha256 = $2, document = $3, version = version + 1 \
        WHERE id = $4 AND version = $5";
    let save = sql(SAVE)
        .bind(user.email.as_str())
        .bind(user.key_sha256)
        .bind(row::encode(&row::user::User::from(user))?)
        .bind(user.id)
        .bind(user.version);
    store
        .changing(Changed::Callers, move |connection| {
            Box::pin(async move { records::one(connection.execute(save).await?) })
        })
        .await
}

fn user(row: &Row) -> Result<User, StoreError> {
    read(row).map_err(|why| why.of("users", records::readable_id(row, "id")))
}

fn read(row: &Row) -> Result<User, Damage> {
    let document: row::user::User = row::decode(&row.text("document")?)?;
    let [first_name, last_name] = document.names();
    Ok(User {
        id: UserId::from_bytes(row.id("id")?),
        email: row.text("email")?.parse()?,
        key_sha256: row.maybe_array("key_sha256")?,
        first_name,
        last_name,
        created_at: row.moment("created_at")?,
        version: row.count("version")?,
    })
}
