#!/bin/bash
# usage: run by the database's image when its data folder is empty: the role, the database, its tables.
set -euo pipefail
psql -X -q -v ON_ERROR_STOP=1 -U postgres -d postgres -v pw="$(cat /run/secrets/postgres-conversation)" <<'SQL'
CREATE ROLE conversation LOGIN PASSWORD :'pw';
CREATE DATABASE threadline OWNER conversation;
REVOKE CONNECT ON DATABASE threadline FROM PUBLIC;
SQL
psql -X -q -v ON_ERROR_STOP=1 -U postgres -d threadline -1 -c 'SET ROLE conversation' -f /conf/schema.sql
