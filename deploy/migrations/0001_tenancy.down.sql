DROP TABLE ssh_keys, memberships, users, projects, tenants;
DROP FUNCTION app_sees(text);
DROP FUNCTION app_is_system();
