//! The migrations, compiled in. The rules for new ones stand in `migrations/README.md`.

use sqlx::{
    Acquire, SqlSafeStr,
    migrate::{Migrate, Migration, MigrationType, Migrator},
};

use super::OpenError;

/// A database's migrations: number, name and text.
pub(super) type Migrations = [(i64, &'static str, &'static str)];

pub(super) const POSTGRES: &Migrations = &[
    (1, "first", include_str!("../../migrations/postgres/0001_first.sql")),
    (2, "access", include_str!("../../migrations/postgres/0002_access.sql")),
    (3, "dns records", include_str!("../../migrations/postgres/0003_dns_records.sql")),
    (4, "zones", include_str!("../../migrations/postgres/0004_zones.sql")),
    (5, "packs", include_str!("../../migrations/postgres/0005_packs.sql")),
    (6, "custom_csrs", include_str!("../../migrations/postgres/0006_custom_csrs.sql")),
    (7, "lists", include_str!("../../migrations/postgres/0007_lists.sql")),
    (8, "indexes", include_str!("../../migrations/postgres/0008_indexes.sql")),
    (9, "scans", include_str!("../../migrations/postgres/0009_scans.sql")),
    (10, "authorities", include_str!("../../migrations/postgres/0010_authorities.sql")),
    (11, "approvals", include_str!("../../migrations/postgres/0011_approvals.sql")),
    (12, "rules", include_str!("../../migrations/postgres/0012_rules.sql")),
    (14, "zone settings", include_str!("../../migrations/postgres/0014_zone_settings.sql")),
];

pub(super) const SQLITE: &Migrations = &[
    (1, "first", include_str!("../../migrations/sqlite/0001_first.sql")),
    (2, "access", include_str!("../../migrations/sqlite/0002_access.sql")),
    (3, "dns records", include_str!("../../migrations/sqlite/0003_dns_records.sql")),
    (4, "zones", include_str!("../../migrations/sqlite/0004_zones.sql")),
    (5, "packs", include_str!("../../migrations/sqlite/0005_packs.sql")),
    (6, "custom_csrs", include_str!("../../migrations/sqlite/0006_custom_csrs.sql")),
    (7, "lists", include_str!("../../migrations/sqlite/0007_lists.sql")),
    (8, "indexes", include_str!("../../migrations/sqlite/0008_indexes.sql")),
    (9, "scans", include_str!("../../migrations/sqlite/0009_scans.sql")),
    (10, "authorities", include_str!("../../migrations/sqlite/0010_authorities.sql")),
    (11, "approvals", include_str!("../../migrations/sqlite/0011_approvals.sql")),
    (12, "rules", include_str!("../../migrations/sqlite/0012_rules.sql")),
    (14, "zone settings", include_str!("../../migrations/sqlite/0014_zone_settings.sql")),
];

/// Applies what has not been applied.
pub(super) async fn run<'a, A>(migrations: &Migrations, database: A) -> Result<(), OpenError>
where
    A: Acquire<'a>,
    <A::Connection as std::ops::Deref>::Target: Migrate,
{
    let known = migrations.iter().map(|(number, name, text)| {
        let kind = MigrationType::Simple;
        Migration::new(*number, (*name).into(), kind, text.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(known.collect());
    // A newer program has been here: its schema also serves this one, until the step after next.
    migrator.set_ignore_missing(true);
    migrator.run(database).await.map_err(OpenError::Migrate)
}
