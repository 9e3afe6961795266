# What every page says.
product = Touchline
home = Today
menu = Menu
skip-to-content = Skip to the content
other-language = العربية
sign-out = Sign out
save = Save
to-first-page = To the first page
count-messages = { $it ->
    [one] one message
   *[other] { $it } messages
}

not-found-title = There is nothing here
not-found-text = The page does not exist, or it is not yours to see.
forbidden-title = You may not do that
forbidden-text = Your roles do not allow it. An administrator can change them.
foreign-title = That did not come from this console
foreign-text = The form was sent from another site, so nothing was changed. Open the page here and try again.
refused-title = That cannot be done
away-title = The database is away
away-text = Nothing is lost, and nothing was changed. Try again in a moment.
broken-title = Something went wrong here
broken-text = The log says what. Nothing was changed by halves.

notice-saved = Saved.
notice-sessions-ended = Those sessions have ended.
notice-user-added = The user was added. Make a link below and hand it over.

comma = ,
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
by-machine = { $it } (machine’s clock)
