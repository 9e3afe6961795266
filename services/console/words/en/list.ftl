# The list of those who must not be contacted.
area-list = The list
about-area-list = Who must not be contacted, since when and why.
find = Find
find-anybody = Find a person or an address
find-nothing = Nobody is known by this. Write the beginning of a name, a whole email address or a whole phone number.
find-contacts = Contacts
do-not-contact = Do not contact
list-search = An address in any spelling, @domain, or a name
list-check = On the list?
list-add = Put on the list
list-add-person = Put on the list now
list-add-part = Only one address or channel…
list-newest = Newest entries
list-older = Older entries
list-empty = The list is empty. Entries come in by themselves from unsubscribes, answers and bounces, or are made here.
list-clear = Nothing on the list stands against this.
list-stands = { $it ->
    [one] One entry stands against this.
   *[other] { $it } entries stand against this.
}
list-stopped = On the list. Stopped for marketing:
list-whom = Whom
list-nobody-known = an address of no contact
list-covers = What is covered
list-reason = Why
list-origin = Who asked
list-since = Since
list-until = until { $it }
list-ends = Until
list-by = Entered by
list-open = Open
list-entry = Entry of the list
list-what = Which address
list-address = Address
list-address-help = An email address, a phone number in any spelling, or @domain. For post, the postal address.
list-all-channels = All its channels
list-whole-person = The whole person
list-whole-domain = The whole email domain
list-evidence = What proves it
list-evidence-help = A ticket, a message, a recording. No address here.
list-added = On the list:
list-added-clear = Clear: nothing to it starts any more, and nothing is under way.
list-added-in-flight = { $it ->
    [one] Nothing new starts any more. One touch was being handed over at this moment and may still arrive:
   *[other] Nothing new starts any more. { $it } touches were being handed over at this moment and may still arrive:
}
list-touch-under-way = { $channel }, step { $step } of { $plan }
list-touch-under-way-to = { $channel } to { $name }, step { $step } of { $plan }
list-over = This entry is no longer in force.
list-history = What happened to this address, person or domain
list-happened = What happened
reason-missing = Choose why.
covers-wrong = Choose what is covered.
lift = Lift
lift-ask = Ask to lift
lift-approve = Agree and lift
lift-help = Ends every entry of exactly this address and channel, person or domain. Messages may go out again.
lift-help-two = A complaint, and what was said or written, takes two officers: one asks, another agrees.
lift-reason = Reason
lift-unsaid = Say why it is lifted, and on what.
lift-needs-another = You have asked for this yourself. Another officer has to agree.
lift-own = You asked for it. Another officer has to agree.
lift-waits = Waits for a second officer
lift-asked-by = Asked by
lift-decide = Look and decide
lifts = Lifts that wait
lifts-none = Nothing waits. Where a lift takes two people, the first one's wish appears here.
lifts-waiting = { $it ->
    [one] One lift waits
   *[other] { $it } lifts wait
}
notice-lifted = Lifted.
notice-lift-requested = Noted. The entry is in force until another officer agrees.
files = Files
files-last = Of the last day
file = File
file-scrub = Compare with the list
file-scrub-help = Every row comes back as clear, listed or invalid. Nothing is changed; what is clear can be put on the list afterwards.
file-import = Put on the list
file-send = Begin
file-missing = Choose a file.
file-too-large = The file did not arrive, or is too large. Use the command line: touchline suppress import.
file-percent = { $it } %
file-lost = Broken off
file-lost-text = The program that worked on it has ended. What was put on the list stays there; send the file again.
file-broke-off = The work broke off; the log says why. What was put on the list stays there; send the file again.
file-unusable = Cannot be used
file-done = Done
file-progress = How far it has come
file-so-far = { $it ->
    [one] One row is done.
   *[other] { $it } rows are done.
}
file-refreshes = This page looks again by itself. You may leave it; the work goes on.
file-rows = Rows
file-added = New on the list
file-already = On the list already
file-clear = Clear
file-listed = Listed
file-invalid = Invalid
file-rejects = Fetch the invalid rows
file-verdicts = Fetch the verdicts
file-kept = Kept for a day.
list-domain-sure = A whole email domain?
list-domain-count = { $it ->
    [0] Nobody we know has an address there. Whoever comes from there later is covered, too.
    [one] One address we know is covered, and every one that comes later.
   *[other] { $it } addresses we know are covered, and every one that comes later.
}
file-import-sure = { $it ->
    [one] One row is new to the list. It is on it at once, and only an officer lifts it again, one by one.
   *[other] { $it } rows are new to the list. They are on it at once, and only an officer lifts them again, one by one.
}
file-import-rows = { $it ->
    [one] Put one row on the list
   *[other] Put { $it } rows on the list
}
file-import-nothing = Nothing in it is new to the list.

