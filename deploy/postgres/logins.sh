#!/bin/sh
# Gives every service a login of its own, a member of its own role and of no other, and the schema an
# owner. Run before every migration; it may be run any number of times, and sets the passwords anew.
#
# Passwords are files named like the logins in $SECRETS (/run/secrets); PGHOST, PGPORT and PGUSER
# (postgres) say where and as whom, which must be a superuser or somebody who may create roles.
set -eu

secrets=${SECRETS:-/run/secrets}
export PGHOST="${PGHOST:-postgres}" PGUSER="${PGUSER:-postgres}" PGDATABASE="${PGDATABASE:-touchline}"
[ -n "${PGPASSWORD:-}" ] || PGPASSWORD=$(cat "$secrets/postgres")
export PGPASSWORD

# login LOGIN OPTIONS: makes the login, or sets its password again. The name and the password never
# stand in an argument, where every process could read them.
login() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<SQL
\\set login $1
\\set password \`cat "$secrets/$1"\`
SELECT format('CREATE ROLE %I', :'login')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \\gexec
SET password_encryption = 'scram-sha-256';
ALTER ROLE :"login" LOGIN $2 PASSWORD :'password';
SQL
}

# role LOGIN ROLE: the login may become the role, and has no right before it does.
role() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<SQL
\\set login $1
\\set role $2
SELECT format('CREATE ROLE %I NOLOGIN', :'role')
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \\gexec
-- The owner gives roles their rights and one another in migrations.
GRANT :"role" TO touchline WITH ADMIN OPTION;
GRANT :"role" TO :"login";
SQL
}

login touchline 'CREATEROLE'
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 <<SQL
\\set database $PGDATABASE
ALTER DATABASE :"database" OWNER TO touchline;
ALTER SCHEMA public OWNER TO touchline;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL

for name in scheduler email_worker sms_worker call_worker inbound console operator compliance; do
    login "$name" 'NOINHERIT NOCREATEDB NOCREATEROLE NOSUPERUSER'
    role "$name" "touchline_$name"
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
        --command "GRANT CONNECT ON DATABASE \"$PGDATABASE\" TO \"$name\""
done
echo "logins: a login for each service"
