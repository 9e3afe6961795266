# What other programs use: tokens of the API.
area-integrations = Integrations
about-area-integrations = Tokens of the API and webhooks, for other programs.
integrations-help = How other programs work with Touchline, and what they may do.

tokens = Tokens of the API
about-tokens = With a token another program reads and changes what you allow it, and nothing else.
tokens-help = A token lets another program in, with some of your own rights. Whatever you may no longer do, your tokens may no longer do either.
tokens-empty = There is no token yet, so no program comes in.
