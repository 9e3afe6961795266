#!/bin/sh
# Makes the secrets of a deployment: random, once. What is there stays, so that a second run changes
# nothing and an own value can be put in the place of any file. compose.yaml runs it before everything
# else; it needs nothing but a shell.
#
#   deploy/make-secrets.sh [FOLDER]      usually deploy/secrets
#
#   passwords/<login>      of PostgreSQL (postgres is its superuser, touchline the schema's owner),
#                          RabbitMQ and Grafana
#   keys/address           the key of the suppression list: keep a copy, the list is lost with it
#   keys/token             signs unsubscribe links: keep a copy
#   providers/<setting>    how mail and texts leave; the first one goes to the local mail catcher
#   <service>/             what that service alone is given, made anew from the files above
#
# DATABASE_AT, BROKER_AT and BROKER_SCHEME say where the servers are, if not in compose.yaml.
set -eu

folder=${1:-$(dirname "$0")/secrets}
mkdir -p "$folder"
# Only its owner may enter; containers are given single folders of it, whoever they run as.
chmod 700 "$folder"
umask 022

database_at=${DATABASE_AT:-postgres:5432/touchline?sslmode=disable}
broker_at=${BROKER_AT:-rabbitmq:5672/%2f}

# put FILE: stores standard input under that name, whole or not at all.
put() {
    mkdir -p "$folder/$(dirname "$1")"
    cat >"$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
}

# once FILE: the same, unless the file is there.
once() {
    [ -e "$folder/$1" ] || put "$1"
}

random() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

password() {
    random | once "passwords/$1"
    cat "$folder/passwords/$1"
}

# given SERVICE THING…: what a service is given.
given() {
    service=$1
    shift
    for thing in "$@"; do
        case "$thing" in
            database)
                login=$(echo "$service" | tr - _)
                echo "postgres://$login:$(password "$login")@$database_at" |
                    put "$service/database_url"
                ;;
            broker)
                echo "${BROKER_SCHEME:-amqp}://touchline:$(password rabbitmq)@$broker_at" |
                    put "$service/broker_url"
                ;;
            address | token) put "$service/${thing}_key" <"$folder/keys/$thing" ;;
            *) put "$service/$thing" <"$folder/providers/$thing" ;;
        esac
    done
}

random | once keys/address
random | once keys/token
echo 'smtp://mail:1025?starttls=never' | once providers/email_url
random | once providers/sms_password

given scheduler database broker address token
given email-worker database broker address token email_url
given sms-worker database broker address token sms_password
given call-worker database broker address token
given inbound database address token
given console database broker address token
# A new database is bound to the key of its list.
given migrate address
# The command line, as whoever works, and as whoever may lift an entry of the list.
given operator database address token
given compliance database address token

for login in postgres touchline; do
    password "$login" | put "postgres/$login"
done
for login in scheduler email_worker sms_worker call_worker inbound console operator compliance; do
    password "$login" | put "postgres/$login"
done
echo "postgres://touchline:$(password touchline)@$database_at" | put migrate/database_url
printf 'default_user = touchline\ndefault_pass = %s\nloopback_users = none\n' \
    "$(password rabbitmq)" | put rabbitmq/touchline.conf
password grafana | put grafana/admin_password
