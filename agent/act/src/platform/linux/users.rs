//! Accounts of the machine, as the system resolves them.

use crate::context::Context;
use crate::platform::Account;
use crate::trouble::{Outcome, Trouble};

/// The account of this name: of `/etc/passwd`, or of whatever directory the machine knows.
pub(super) fn named(context: &Context<'_>, name: &str) -> Outcome<Account> {
    let text = context.root.text("/etc/passwd").unwrap_or_default();
    let mut found = text.lines().find_map(|line| read(line).filter(|account| account.name == name));
    if found.is_none()
        && let Some(getent) = context.programs.find("getent")
    {
        let asked = context.ask(&getent, &["passwd", "--", name])?;
        found = asked.text.lines().find_map(read);
    }
    found.ok_or_else(|| Trouble::failed(format!("this machine knows no account {name}")))
}

/// The person signed in, as the order names them.
pub(super) fn signed_in(context: &Context<'_>) -> Outcome<Account> {
    let user = context.order.user.as_ref().ok_or_else(|| {
        Trouble::unsupported("nobody is signed in whose settings could be changed")
    })?;
    crate::platform::family::plain_name(&user.name, 128)
        .map_err(|why| Trouble::failed(format!("the account's name cannot be used: {why}")))?;
    let account = named(context, &user.name)?;
    if account.uid.to_string() != user.id {
        return Err(Trouble::failed(format!(
            "the account {} has the number {}, not {}",
            user.name, account.uid, user.id
        )));
    }
    Ok(account)
}

/// A line of passwd(5).
fn read(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    let home = fields.nth(1)?.to_owned();
    Some(Account { name, uid, gid, home })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_account_is_read() {
        let anna = read("anna:x:1000:1001:Anna:/home/anna:/bin/bash").expect("an account");
        assert_eq!((anna.uid, anna.gid, anna.home.as_str()), (1000, 1001, "/home/anna"));
        assert_eq!(read("anna:x:many:1001::/home"), None);
    }

    proptest! {
        #[test]
        fn no_line_breaks_the_reader(line in any::<String>()) {
            read(&line);
        }
    }
}
