//! What can be allowed: parts of the API, to look or to change, on some of what there is.
//!
//! A [`Policy`] allows or denies permission [`Group`]s on [`Resource`]s; [`Grants`] decide with all policies of a token. A
//! denial wins over any number of allowances.

use crate::{
    id::{AccountId, PolicyId, UserId, ZoneId},
    ports::VisibleZones,
};

/// A part of the API that tokens are allowed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Area {
    /// Accounts and their members.
    Account,
    /// DNS records.
    Dns,
    /// In which accounts a user is.
    Membership,
    /// Custom hostnames, certificates and requests for them.
    Ssl,
    /// API tokens.
    Token,
    /// The user behind a token.
    User,
    /// Zones.
    Zone,
    /// How zones' names are served.
    ZoneSettings,
}

/// What a request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// To look.
    Read,
    /// To change, which includes to look.
    Write,
}

/// What a token must allow for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Nothing but to be a good one.
    AnyToken,
    /// This, in this area.
    In(Area, Need),
}

impl Permission {
    /// To look at something of an area.
    pub const fn read(area: Area) -> Self {
        Self::In(area, Need::Read)
    }

    /// To change something of an area.
    pub const fn write(area: Area) -> Self {
        Self::In(area, Need::Write)
    }

    /// Whether it is one to change things.
    pub const fn is_write(self) -> bool {
        matches!(self, Self::In(_, Need::Write))
    }
}

/// The kind of thing that a group of permissions is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// An account, without its zones.
    Account,
    /// A user.
    User,
    /// A zone.
    Zone,
}

/// A group of permissions, as tokens are given them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// On what.
    pub reach: Reach,
    /// In which area.
    pub area: Area,
    /// To do what.
    pub need: Need,
}

impl Group {
    /// All that there are.
    pub const ALL: [Self; 20] = {
        const fn both(reach: Reach, area: Area) -> [Group; 2] {
            [Group { reach, area, need: Need::Read }, Group { reach, area, need: Need::Write }]
        }
        let [zone_read, zone_write] = both(Reach::Zone, Area::Zone);
        let [settings_read, settings_write] = both(Reach::Zone, Area::ZoneSettings);
        let [dns_read, dns_write] = both(Reach::Zone, Area::Dns);
        let [ssl_read, ssl_write] = both(Reach::Zone, Area::Ssl);
        let [account_read, account_write] = both(Reach::Account, Area::Account);
        let [account_ssl_read, account_ssl_write] = both(Reach::Account, Area::Ssl);
        let [account_token_read, account_token_write] = both(Reach::Account, Area::Token);
        let [token_read, token_write] = both(Reach::User, Area::Token);
        let [user_read, user_write] = both(Reach::User, Area::User);
        let [membership_read, membership_write] = both(Reach::User, Area::Membership);
        [
            zone_read,
            zone_write,
            settings_read,
            settings_write,
            dns_read,
            dns_write,
            ssl_read,
            ssl_write,
            account_read,
            account_write,
            account_ssl_read,
            account_ssl_write,
            account_token_read,
            account_token_write,
            token_read,
            token_write,
            user_read,
            user_write,
            membership_read,
            membership_write,
        ]
    };

    fn gives(self, permission: Permission) -> bool {
        match permission {
            Permission::AnyToken => true,
            Permission::In(area, need) => self.area == area && self.need >= need,
        }
    }

    /// The permission that it gives.
    pub const fn permission(self) -> Permission {
        Permission::In(self.area, self.need)
    }
}

/// What a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// One account, without its zones.
    Account(AccountId),
    /// All zones of one account, those to come included.
    AccountZones(AccountId),
    /// All accounts, without their zones.
    AllAccounts,
    /// All zones of all accounts.
    AllZones,
    /// One user.
    User(UserId),
    /// One zone.
    Zone(ZoneId),
}

/// What somebody wants to act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// An account.
    Account(AccountId),
    /// All zones of an account, those to come included.
    AccountZones(AccountId),
    /// All accounts.
    AllAccounts,
    /// All zones.
    AllZones,
    /// A user.
    User(UserId),
    /// A zone, and the account that it is in.
    Zone(ZoneId, AccountId),
}

impl Target {
    fn reach(self) -> Reach {
        match self {
            Self::Account(_) | Self::AllAccounts => Reach::Account,
            Self::User(_) => Reach::User,
            Self::AccountZones(_) | Self::AllZones | Self::Zone(..) => Reach::Zone,
        }
    }
}

impl Resource {
    /// The kind of thing that it is.
    pub fn reach(self) -> Reach {
        match self {
            Self::Account(_) | Self::AllAccounts => Reach::Account,
            Self::User(_) => Reach::User,
            Self::AccountZones(_) | Self::AllZones | Self::Zone(_) => Reach::Zone,
        }
    }

    /// Whether all of the target is in it.
    fn covers(self, target: Target) -> bool {
        match (self, target) {
            (Self::AllZones, target) => target.reach() == Reach::Zone,
            (Self::AllAccounts, target) => target.reach() == Reach::Account,
            (Self::Account(own), Target::Account(id)) => own == id,
            (Self::User(own), Target::User(id)) => own == id,
            (Self::AccountZones(own), Target::AccountZones(id) | Target::Zone(_, id)) => own == id,
            (Self::Zone(own), Target::Zone(id, _)) => own == id,
            _ => false,
        }
    }

    /// Whether some of the target may be in it. In which account a zone is is not known here, so that a zone overlaps with
    /// the zones of every account.
    fn overlaps(self, target: Target) -> bool {
        let whole = matches!(target, Target::AllZones | Target::AllAccounts);
        let zone_in_account = matches!((self, target), (Self::Zone(_), Target::AccountZones(_)));
        self.covers(target) || zone_in_account || (whole && self.reach() == target.reach())
    }
}

/// What becomes of what a policy is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is allowed.
    Allow,
    /// It is denied, whatever else allows it.
    Deny,
}

/// Some permissions on some things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its id.
    pub id: PolicyId,
    /// Allowed or denied.
    pub effect: Effect,
    /// What.
    pub groups: Vec<Group>,
    /// On what.
    pub resources: Vec<Resource>,
}

impl Policy {
    fn gives(&self, reach: Reach, permission: Permission) -> bool {
        self.groups.iter().any(|group| group.reach == reach && group.gives(permission))
    }

    /// To deny looking denies changing; to deny changing leaves looking.
    fn denies(&self, reach: Reach, permission: Permission) -> bool {
        let hits = |group: &Group| match permission {
            Permission::AnyToken => false,
            Permission::In(area, need) => group.area == area && group.need <= need,
        };
        self.effect == Effect::Deny
            && self.groups.iter().any(|group| group.reach == reach && hits(group))
    }

    fn allows(&self, reach: Reach, permission: Permission) -> bool {
        self.effect == Effect::Allow && self.gives(reach, permission)
    }
}

/// All that a token or a user may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// Everything, in all accounts: the administrator.
    Everything,
    /// What these say together.
    Policies(Vec<Policy>),
}

impl Grants {
    /// Whether this may be done to anything at all.
    pub fn any(&self, permission: Permission) -> bool {
        match (self, permission) {
            (Self::Everything, _) | (_, Permission::AnyToken) => true,
            (Self::Policies(policies), _) => policies.iter().any(|policy| {
                let fits = |resource: &Resource| policy.allows(resource.reach(), permission);
                policy.resources.iter().any(fits)
            }),
        }
    }

    /// Whether this may be done to the target.
    pub fn allow(&self, permission: Permission, target: Target) -> bool {
        self.decide(permission, target, Resource::covers)
    }

    /// Whether all of this may be passed on: no part of the target is denied.
    pub fn may_pass_on(&self, group: Group, target: Target) -> bool {
        group.reach != target.reach() || self.decide(group.permission(), target, Resource::overlaps)
    }

    fn decide(
        &self,
        permission: Permission,
        target: Target,
        denial: fn(Resource, Target) -> bool,
    ) -> bool {
        let Self::Policies(policies) = self else { return true };
        let reach = target.reach();
        let about = |policy: &Policy, covers: fn(Resource, Target) -> bool| {
            policy.resources.iter().any(|resource| covers(*resource, target))
        };
        let allowed =
            |policy: &Policy| policy.allows(reach, permission) && about(policy, Resource::covers);
        let denied = |policy: &Policy| policy.denies(reach, permission) && about(policy, denial);
        policies.iter().any(allowed) && !policies.iter().any(denied)
    }

    /// Whether anything is allowed on the target: whoever has nothing to do with it is not told that it is there.
    pub fn reach(&self, target: Target) -> bool {
        let Self::Policies(policies) = self else { return true };
        policies.iter().filter(|policy| policy.effect == Effect::Allow).any(|policy| {
            let gives = policy.groups.iter().any(|group| group.reach == target.reach());
            gives && policy.resources.iter().any(|resource| resource.covers(target))
        })
    }

    /// The zones to which this may be done.
    pub fn zones(&self, permission: Permission) -> VisibleZones {
        let Self::Policies(policies) = self else { return VisibleZones::All };
        let mut some = SomeZones::default();
        for policy in policies {
            let (allows, denies) =
                (policy.allows(Reach::Zone, permission), policy.denies(Reach::Zone, permission));
            for resource in &policy.resources {
                if allows {
                    some.add(*resource);
                }
                if denies {
                    some.take(*resource);
                }
            }
        }
        some.visible()
    }
}

/// Zones on the way to [`VisibleZones`].
#[derive(Default)]
struct SomeZones {
    all: bool,
    none: bool,
    accounts: Vec<AccountId>,
    zones: Vec<ZoneId>,
    except_accounts: Vec<AccountId>,
    except_zones: Vec<ZoneId>,
}

impl SomeZones {
    fn add(&mut self, resource: Resource) {
        match resource {
            Resource::AllZones => self.all = true,
            Resource::AccountZones(id) => self.accounts.push(id),
            Resource::Zone(id) => self.zones.push(id),
            Resource::Account(_) | Resource::AllAccounts | Resource::User(_) => {}
        }
    }

    fn take(&mut self, resource: Resource) {
        match resource {
            Resource::AllZones => self.none = true,
            Resource::AccountZones(id) => self.except_accounts.push(id),
            Resource::Zone(id) => self.except_zones.push(id),
            Resource::Account(_) | Resource::AllAccounts | Resource::User(_) => {}
        }
    }

    fn visible(self) -> VisibleZones {
        let denied = !self.except_accounts.is_empty() || !self.except_zones.is_empty();
        if self.all && !self.none && !denied {
            return VisibleZones::All;
        }
        let nothing = self.none;
        let kept = |zones: Vec<ZoneId>| if nothing { Vec::new() } else { zones };
        VisibleZones::Some {
            every_account: self.all && !nothing,
            accounts: if nothing { Vec::new() } else { self.accounts },
            zones: kept(self.zones),
            except_accounts: self.except_accounts,
            except_zones: self.except_zones,
        }
    }
}

#[cfg(test)]
mod tests;
