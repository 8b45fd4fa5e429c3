//! Who counts as a person at this machine: accounts with a session that somebody can look at, as the system's own
//! records say. Not who has an account, and not who may do what: an administrator who is not signed in is nobody here.

use befund_runtime::peer::Account;
use tracing::warn;

use crate::platform;

/// Where it is known from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignedIn {
    /// The system's records.
    #[default]
    System,
    /// These accounts, for tests. The program that is shipped never says so.
    These(Vec<Account>),
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Sessions {
    source: SignedIn,
    /// Accounts that are nobody's: the link's.
    never: Vec<Account>,
}

impl Sessions {
    /// Those that `source` tells of, but for the accounts that may ask the executor. The executor's own account counts
    /// where a person works with it: there, the agent was started by that person and keeps nothing apart.
    #[must_use]
    pub fn new(source: SignedIn, may_ask: &[Account]) -> Self {
        let own = Account::own();
        let never = may_ask.iter().filter(|account| **account != own).cloned().collect();
        Self { source, never }
    }

    /// The accounts, those at the machine's own screen first.
    ///
    /// Reads files, or asks the system: not for a thread on which others wait.
    #[must_use]
    pub fn look(&self) -> Vec<Account> {
        let all = match &self.source {
            SignedIn::These(accounts) => accounts.clone(),
            SignedIn::System => match platform::sessions::signed_in() {
                Ok(sessions) => sessions,
                Err(error) => {
                    warn!(%error, "could not tell who is signed in; nobody is taken to be");
                    Vec::new()
                }
            },
        };
        let mut persons: Vec<Account> = Vec::new();
        for account in all {
            if !self.never.contains(&account) && !persons.contains(&account) {
                persons.push(account);
            }
        }
        persons
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_links_account_is_nobody_even_where_it_is_signed_in() {
        let own = Account::own();
        let link = if own.to_string().starts_with('S') { "S-1-5-19" } else { "4711" };
        let link: Account = link.parse().expect("an account");
        let everybody = SignedIn::These(vec![link.clone(), own.clone(), own.clone()]);
        let sessions = Sessions::new(everybody, &[own.clone(), link]);
        assert_eq!(sessions.look(), [own]);
    }

    #[test]
    fn the_systems_own_records_can_be_read() {
        // Whoever is there: it does not fail.
        let found = platform::sessions::signed_in().expect("records, or none");
        assert!(found.len() < 10_000);
    }
}
