# Stands in for the official image, from Debian's package.
FROM debian:bookworm-slim
# The user has the number it has there.
RUN groupadd --system --gid 999 rabbitmq \
    && useradd --system --uid 999 --gid rabbitmq --home-dir /var/lib/rabbitmq rabbitmq \
    && apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends rabbitmq-server >/dev/null \
    && rm -rf /var/lib/apt/lists/* /var/lib/rabbitmq/* /var/lib/rabbitmq/.erlang.cookie \
    && install -d /etc/rabbitmq/conf.d
ENV HOME=/var/lib/rabbitmq PATH=/usr/lib/rabbitmq/bin:/usr/bin:/bin
CMD ["rabbitmq-server"]
