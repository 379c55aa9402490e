//! Agreed passwords: added, listed without themselves, removed.

use super::Answer;
use crate::{config::is_domain, follow_up::Password};
use mail::{DateTime, Mailbox};
use store::{Actor, Agreed, Store, StoreError};

/// Longest password that is taken, in characters; the jail tries no longer one.
const PASSWORD_CHARS_MAX: usize = 100;

pub(super) async fn add(
    store: &Store,
    actor: &Actor,
    sender: &str,
    until: DateTime,
    password: &Password,
) -> Result<Answer, StoreError> {
    if !is_sender(sender) {
        return Ok(Answer::refused("a sender is an address or a domain"));
    }
    if until.unix_s <= crate::clock::now().unix_s {
        return Ok(Answer::refused("this day is over"));
    }
    let length = password.0.chars().count();
    if length == 0 || length > PASSWORD_CHARS_MAX {
        return Ok(Answer::refused(format!("a password has 1 to {PASSWORD_CHARS_MAX} characters")));
    }
    let id = store.agree(sender, until, &password.0, actor).await?;
    Ok(Answer::said(vec![format!(
        "password {id} is tried for {} until {}",
        sender.to_lowercase(),
        until.in_jst()
    )]))
}

pub(super) async fn list(store: &Store) -> Result<Answer, StoreError> {
    let line = |agreed: &Agreed| {
        let (until, added) = (agreed.until.in_jst(), agreed.added.in_jst());
        format!("{}  {}  until {until}  added {added}", agreed.id, agreed.sender)
    };
    Ok(Answer::said(store.agreed_list().await?.iter().map(line).collect()))
}

pub(super) async fn remove(store: &Store, actor: &Actor, sender: &str) -> Result<Answer, StoreError> {
    let removed = store.disagree(sender, actor).await?;
    let said = vec![format!("{removed} password(s) removed")];
    Ok(Answer { code: u8::from(removed == 0), ..Answer::said(said) })
}

fn is_sender(text: &str) -> bool {
    if text.contains('@') { Mailbox::parse(text).is_ok() } else { text.contains('.') && is_domain(text) }
}
