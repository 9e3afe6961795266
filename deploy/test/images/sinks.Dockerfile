# A mail catcher and an SMS gateway that keep a log: testkit's sinks. The folder this is built in holds
# the program.
FROM debian:bookworm-slim
COPY sinks /usr/local/bin/
ENTRYPOINT ["sinks"]
