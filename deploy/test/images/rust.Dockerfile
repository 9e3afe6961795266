# Stands in for the official image: Debian's C compiler and this machine's own Rust. The folder this is
# built in holds the toolchain (rust/) and the certificates that the machine trusts.
FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates gcc libc6-dev >/dev/null \
    && rm -rf /var/lib/apt/lists/*
COPY ca-certificates.crt /etc/ssl/certs/
COPY rust /usr/local/rust
ENV PATH=/usr/local/rust/bin:/usr/local/bin:/usr/bin:/bin
