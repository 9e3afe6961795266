# What other programs use: tokens of the API.
area-integrations = Integrations
about-area-integrations = Tokens of the API and webhooks, for other programs.

tokens = Tokens of the API
about-tokens = With a token another program reads and changes what you allow it, and nothing else.
tokens-empty = There is no token yet, so no program comes in.
token-made = This is the token; it is shown only now. Put it where the program keeps its secrets. Nobody can look it up later: if it is lost, revoke it and make another.
token-name = Name
about-token-name = Which program it is for, so that you know it again.
token-scopes = What it may do
token-scope-lost = not allowed any more
token-standing = State
token-in-force = in force
token-expired = over
token-revoked = revoked
token-user-disabled = user may not sign in
token-until = Until
token-used = Last used
token-never-used = never
token-revoke = Revoke
token-sure = Revoke “{ $it }”? The program that uses it gets no answer from then on.
token-new = Make a token
token-new-text = Allow only what the program needs. You cannot allow more than you may do yourself.
token-term = How long
token-days = { $it ->
    [one] one day
   *[other] { $it } days
}
token-name-missing = Say what the token is for.
token-name-long = Say it shorter.
token-scopes-missing = Choose at least one thing it may do.
token-term-missing = Choose how long it lasts.
notice-token-revoked = Revoked. It lets nobody in any more.

scope-contacts-read = Look at your own contacts
scope-contacts-read-all = Look at everybody’s contacts
scope-contacts-write = Add and correct contacts, note interactions
scope-plans-read = Look at plans and templates
scope-enrol = Enrol people, pause and stop that
scope-touches-read = Look at touches, and why each was or was not sent
scope-list-read = Look at the suppression list
scope-list-add = Put people on the suppression list
scope-tasks-work = Work your own tasks
scope-tasks-all = Look at everybody’s tasks
scope-tasks-hand-over = Give tasks to another agent
