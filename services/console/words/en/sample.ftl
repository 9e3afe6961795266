# The sample team: people to look around with.
sample = The sample team
sample-invitation = There are no contacts yet. Look around with people who do not exist; one click removes them again.
sample-load = Load the sample team
sample-remove = Remove the sample data
sample-keep = Keep it
sample-is-loaded = Sample data is loaded: people who do not exist, to whom nothing real is sent.
sample-at-work = Sample data is being loaded or removed.
sample-look = Look
sample-loading = The sample team is being loaded …
sample-removing = The sample data is being removed …
sample-progress = How far it is
sample-load-broke-off = Loading broke off. Load it once more, or remove what is there.
sample-remove-broke-off = Removing broke off: something was being handed over, or a process ended. Remove it once more to go on.
sample-none = There is no sample data here.
sample-has-contacts = There are contacts already. The sample team is for an installation without any.
sample-question = Remove all of this?
sample-contacts = { $it ->
    [one] One contact
   *[other] { $it } contacts
}
sample-enrolments = { $it ->
    [one] One enrolment
   *[other] { $it } enrolments
}
sample-open-touches = { $it ->
    [one] One open touch
   *[other] { $it } open touches
}
sample-tasks = { $it ->
    [one] One task
   *[other] { $it } tasks
}
sample-agents = { $it ->
    [one] One agent
   *[other] { $it } agents
}
sample-own-contacts = { $it ->
    [one] One contact of your own belongs to an agent of the sample. It stays, and then has no agent.
   *[other] { $it } contacts of your own belong to agents of the sample. They stay, and then have no agent.
}
sample-stays = What you have added yourselves stays as it is. So do plans and templates: they are the library's.
sample-person = Sample person
sample-do-not-dial = Sample person, do not dial: this task is for practice.
