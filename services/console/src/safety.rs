//! How each route that changes something is safe for people. Whoever adds one says it here: tests hold
//! the table to the routes, and the forms to the table.

/// What keeps a change from doing what nobody wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// It can be taken back: at this route.
    Undo(&'static str),
    /// It asks first, with the number of those it concerns where there are many.
    Confirm,
    /// Nothing leaves by it, and nothing holds before something else is pressed.
    Draft,
    /// It adds something, or concerns nobody but whoever does it.
    Harmless,
}

/// A change: its method and path, how it is safe, and why that is enough.
pub type Change = (&'static str, &'static str, Safety, &'static str);

use Safety::{Confirm, Draft, Harmless, Undo};

/// Every route that changes something.
#[rustfmt::skip]
pub const CHANGES: &[Change] = &[
    ("POST", "/sign-in", Harmless, "lets in whoever proves who they are"),
    ("POST", "/sign-in/code", Harmless, "the same, with the second factor"),
    ("POST", "/sign-out", Harmless, "signing in again undoes it"),
    ("POST", "/welcome/{token}", Harmless, "a link works once; an administrator makes another"),
    ("POST", "/account/language", Undo("/account"), "chosen again"),
    ("POST", "/account/digest", Undo("/account"), "chosen again"),
    ("POST", "/account/password", Undo("/account"), "chosen again, by whoever knows the present one"),
    ("POST", "/account/sessions/end", Harmless, "of whoever does it; signing in again undoes it"),
    ("POST", "/account/factor", Undo("/account/factor"), "removed there"),
    ("POST", "/account/factor/remove", Undo("/account/factor"), "asks for the password; added there again"),
    ("POST", "/users", Undo("/users/{user}"), "a user may be kept from signing in; nobody is told by it"),
    ("POST", "/users/{user}", Undo("/users/{user}"), "the same form holds everything it changes"),
    ("POST", "/users/{user}/link", Harmless, "a link is shown to whoever makes it, and ends within a day"),
    ("POST", "/users/{user}/factor/remove", Confirm, "the user alone can add one again"),
    ("POST", "/plans/load", Harmless, "adds a plan nobody is in"),
    ("POST", "/plans/{key}/edit", Undo("/plans/{key}/edit"), "adds a version; whoever runs stays in theirs"),
    ("POST", "/plans/{key}/enrol", Confirm, "shows how many people and touches before it begins"),
    ("POST", "/tasks/hand-over", Confirm, "shows how many tasks and contacts go; handed back the same way"),
    ("POST", "/tasks/{task}/hand-over", Undo("/tasks/{task}/hand-over"), "handed back the same way"),
    ("POST", "/tasks/{task}/outcome", Undo("/tasks/{task}/undo"), "for two minutes; what puts on the list asks first"),
    ("POST", "/tasks/{task}/later", Undo("/tasks/{task}/undo"), "for two minutes"),
    ("POST", "/tasks/{task}/undo", Undo("/tasks/{task}/outcome"), "said again"),
    ("POST", "/compliance/evidence", Harmless, "reads; that it was read is noted"),
    ("POST", "/compliance/audit/verify", Harmless, "reads"),
    ("POST", "/templates", Draft, "begins a template nobody is sent"),
    ("POST", "/templates/{key}", Draft, "saves a draft"),
    ("POST", "/templates/{key}/blocks", Draft, "changes what is typed, with an undo of its own"),
    ("POST", "/templates/{key}/preview", Draft, "shows what is typed"),
    ("POST", "/templates/{key}/page", Draft, "shows what is typed"),
    ("POST", "/templates/{key}/test", Harmless, "goes to whoever asks for it, and to nobody else"),
    ("POST", "/templates/{key}/discard", Confirm, "what was typed is gone"),
    ("POST", "/templates/{key}/approve", Confirm, "says how many plans send it; an older version can be approved again"),
    ("POST", "/templates/{key}/retire", Confirm, "says how many plans send it; restored at any time"),
    ("POST", "/templates/{key}/restore", Undo("/templates/{key}/retire"), "what was blocked meanwhile stays blocked"),
    ("POST", "/templates/{key}/versions/{version}/approve", Confirm, "says how many plans send it; another can be approved again"),
    ("POST", "/images", Harmless, "adds an image; whoever chose it removes it"),
    ("POST", "/images/{image}", Undo("/images/{image}"), "the same form holds everything it changes"),
    ("POST", "/images/{image}/remove", Confirm, "only one that no template shows; mails that were sent lose it"),
    ("POST", "/sample", Confirm, "loading adds people who get nothing real; removing shows everything that goes"),
    ("POST", "/contacts", Harmless, "adds somebody who is sent nothing before being enrolled"),
    ("POST", "/contacts/{contact}", Undo("/contacts/{contact}"), "corrected again; the history has what was there"),
    ("POST", "/contacts/{contact}/interactions", Harmless, "adds a note"),
    ("POST", "/contacts/{contact}/owner", Undo("/contacts/{contact}/owner"), "given back the same way"),
    ("POST", "/contacts/{contact}/enrolments", Confirm, "stopping asks first; pausing and resuming undo each other"),
    ("POST", "/list/add", Confirm, "a whole domain shows how many addresses; one person is opened first, and stopping does no harm"),
    ("POST", "/list/entries/{event}/lift", Undo("/list/add"), "asks for a reason and a proof, and often for a second person"),
    ("POST", "/list/files", Draft, "compares a file with the list"),
    ("POST", "/list/files/{file}/import", Confirm, "shows how many rows are new to the list"),
    ("POST", "/requests", Harmless, "adds a request"),
    ("POST", "/requests/{request}", Confirm, "a step stays, and may end the request"),
    ("POST", "/reviews/{review}", Undo("/list"), "what was stopped is lifted there, who goes on is stopped there"),
    ("POST", "/fleet/desk/decide", Confirm, "shows how many touches, and how many may go out twice"),
    ("POST", "/fleet/pauses", Undo("/fleet/pauses/{pause}/lift"), "nothing is lost; asks first all the same"),
    ("POST", "/fleet/pauses/{pause}/lift", Confirm, "shows how many touches wait for it"),
    ("POST", "/integrations/tokens", Undo("/integrations/tokens/{token}/revoke"), "revoked at any time"),
    ("POST", "/integrations/tokens/{token}/revoke", Confirm, "the program gets no answer from then on"),
    ("POST", "/integrations/webhooks", Undo("/integrations/webhooks/{webhook}/remove"), "removed at any time"),
    ("POST", "/integrations/webhooks/{webhook}", Undo("/integrations/webhooks/{webhook}"), "the same form holds everything it changes"),
    ("POST", "/integrations/webhooks/{webhook}/pause", Undo("/integrations/webhooks/{webhook}/resume"), "what happens meanwhile is kept"),
    ("POST", "/integrations/webhooks/{webhook}/resume", Undo("/integrations/webhooks/{webhook}/pause"), "paused again"),
    ("POST", "/integrations/webhooks/{webhook}/secret", Confirm, "the former one signs for another day"),
    ("POST", "/integrations/webhooks/{webhook}/test", Harmless, "one message that says it is a test"),
    ("POST", "/integrations/webhooks/{webhook}/replay", Harmless, "a receiver knows each message by its id"),
    ("POST", "/integrations/webhooks/{webhook}/remove", Confirm, "what waits for it is not delivered any more"),
    ("POST", "/account/calendar", Confirm, "a new address ends the old one; the first one asks nothing"),
    ("POST", "/account/calendar/withdraw", Confirm, "calendars stay as they last read"),
    // Of programs: what they do, people see and take back in the console.
    ("POST", "/api/v1/contacts", Harmless, "adds somebody who is sent nothing before being enrolled"),
    ("PATCH", "/api/v1/contacts/{contact}", Undo("/contacts/{contact}"), "corrected again"),
    ("POST", "/api/v1/contacts/{contact}/interactions", Harmless, "adds a note"),
    ("POST", "/api/v1/contacts/{contact}/enrolments", Undo("/contacts/{contact}/enrolments"), "one person; stopped there"),
    ("PATCH", "/api/v1/contacts/{contact}/enrolments/{enrolment}", Undo("/api/v1/contacts/{contact}/enrolments"), "one person; enrolled again"),
    ("POST", "/api/v1/suppressions", Undo("/list/entries/{event}/lift"), "an officer lifts it"),
    ("POST", "/api/v1/suppressions/check", Harmless, "reads"),
    ("POST", "/api/v1/tasks/{task}/outcome", Undo("/tasks/{task}/undo"), "for two minutes; what was put on the list, an officer lifts"),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;

    /// A path with `{}` for what varies, as a route or a template writes it.
    fn plain(path: &str) -> String {
        let mut plain = String::new();
        let mut depth = 0;
        for letter in path.chars() {
            match letter {
                '{' if depth == 0 => {
                    plain.push_str("{}");
                    depth += 1;
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ if depth == 0 => plain.push(letter),
                _ => {}
            }
        }
        plain
    }

    /// Every form and every button that sends to another address, by that address.
    fn senders(folder: &Path, found: &mut BTreeMap<String, Vec<String>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                senders(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for (at, _) in text.match_indices("<form ") {
                let form = text[at..].split("</form>").next().unwrap();
                if form.contains("method=\"post\"") {
                    let action =
                        form.split(" action=\"").nth(1).unwrap().split('"').next().unwrap();
                    found.entry(plain(action)).or_default().push(form.to_owned());
                }
            }
            for (at, sign) in text.match_indices("formaction=\"") {
                let action = text[at + sign.len()..].split('"').next().unwrap();
                // What stands before the button, back to what it is opened by.
                let before = text[..at].rsplit("</details>").next().unwrap();
                found.entry(plain(action)).or_default().push(before.to_owned());
            }
        }
    }

    /// Of several forms one may only lead to the question, or offer what needs none.
    #[test]
    fn what_is_to_be_confirmed_asks_where_it_is_offered() {
        let mut found = BTreeMap::new();
        senders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("templates"), &mut found);
        assert!(found.len() > 30, "{found:?}");
        for (_, path, safety, _) in CHANGES {
            if *safety != Confirm {
                continue;
            }
            let forms =
                found.get(&plain(path)).unwrap_or_else(|| panic!("no form leads to {path}"));
            let asks = |form: &&String| {
                ["class=\"ask\"", "asking::ask(", "name=\"confirmed\""]
                    .iter()
                    .any(|sign| form.contains(sign))
            };
            assert!(forms.iter().any(|form| asks(&form)), "nothing asks before {path}");
        }
    }
}
