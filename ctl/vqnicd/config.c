// SPDX-License-Identifier: Apache-2.0
/*
 * libcyaml takes the file by its schema. Where something stands is looked up in a tree of libyaml's, made before of the
 * same text: libcyaml knows that of what it refuses itself only, and of an unknown key it tells where the one before ends.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>
#include <yaml.h>

#include "config.h"
#include "settings.h"

#define NAME_MAX_BYTES 64
#define SCALAR_MAX_BYTES 4096

#define MTU_MIN 68
#define MTU_MAX 65535
#define PAIRS_MAX 16

/* The file as it stands there: scalars are text. NULL: not given. */
struct file_policy {
	char *spoofchk, *trust, *port_vlan, *pcp, *vlans, *macs_max;
	char **macs;
	unsigned int macs_count;
};

struct file_dev {
	char *name, *mac, *mtu, *max_vqp, *features;
	struct file_policy *policy;
};

struct file_card {
	char *address;
	struct file_dev *devs;
	unsigned int devs_count;
};

struct file {
	char *version;
	struct file_card *cards;
	unsigned int cards_count;
};

#define MUST CYAML_FLAG_POINTER
#define MAY (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define SCALAR(key, flags, type, member) CYAML_FIELD_STRING_PTR(key, flags, type, member, 1, SCALAR_MAX_BYTES)

static const cyaml_schema_value_t schema_mac = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, SCALAR_MAX_BYTES),
};

static const cyaml_schema_field_t schema_policy[] = {
	SCALAR("spoofchk", MAY, struct file_policy, spoofchk),
	SCALAR("trust", MAY, struct file_policy, trust),
	SCALAR("port-vlan", MAY, struct file_policy, port_vlan),
	SCALAR("pcp", MAY, struct file_policy, pcp),
	SCALAR("vlans", MAY, struct file_policy, vlans),
	CYAML_FIELD_SEQUENCE("macs", MAY, struct file_policy, macs, &schema_mac, 0, VQNIC_POLICY_MACS),
	SCALAR("macs-max", MAY, struct file_policy, macs_max),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t schema_dev_fields[] = {
	SCALAR("name", MUST, struct file_dev, name),
	SCALAR("mac", MUST, struct file_dev, mac),
	SCALAR("mtu", MAY, struct file_dev, mtu),
	SCALAR("max-vqp", MAY, struct file_dev, max_vqp),
	SCALAR("features", MAY, struct file_dev, features),
	CYAML_FIELD_MAPPING_PTR("policy", MAY, struct file_dev, policy, schema_policy),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t schema_dev = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_dev, schema_dev_fields),
};

static const cyaml_schema_field_t schema_card_fields[] = {
	SCALAR("address", MUST, struct file_card, address),
	CYAML_FIELD_SEQUENCE("devices", MUST, struct file_card, devs, &schema_dev, 0, CONFIG_DEVS_MAX),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t schema_card = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_card, schema_card_fields),
};

static const cyaml_schema_field_t schema_file_fields[] = {
	SCALAR("version", MUST, struct file, version),
	CYAML_FIELD_SEQUENCE("cards", MUST, struct file, cards, &schema_card, 0, CONFIG_DEVS_MAX),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t schema_file = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct file, schema_file_fields),
};

/* A file that is being read. */
struct reader {
	yaml_document_t tree;
	char *why;
	char said[512];		/* what libcyaml says is wrong */
	size_t line, column;	/* and where; from 1, 0: not known */
	struct config *config;
};

/* ---- where something is, and what is wrong with it ---- */

__attribute__((format(printf, 4, 5)))
static int wrong_at(const struct reader *r, size_t line, size_t column, const char *format, ...)
{
	va_list args;
	int len;

	len = snprintf(r->why, CONFIG_WHY_BYTES, "%zu:%zu: ", line, column);
	va_start(args, format);
	vsnprintf(r->why + len, CONFIG_WHY_BYTES - (size_t)len, format, args);
	va_end(args);
	/* What is quoted of the file must not end the line, nor colour a terminal. */
	for (char *c = r->why; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = '?';
	return -EINVAL;
}

static bool is_scalar(const yaml_node_t *node, const char *text, size_t len)
{
	return node && node->type == YAML_SCALAR_NODE && node->data.scalar.length == len &&
	       !memcmp(node->data.scalar.value, text, len);
}

/* What is called `key` in a mapping, or has that number in a sequence; NULL: there is none. */
static yaml_node_t *child(struct reader *r, const yaml_node_t *node, const char *key, size_t len)
{
	if (node->type == YAML_SEQUENCE_NODE) {
		yaml_node_item_t *item = node->data.sequence.items.start + strtoul(key, NULL, 10);

		return item < node->data.sequence.items.top ? yaml_document_get_node(&r->tree, *item) : NULL;
	}
	if (node->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
		if (is_scalar(yaml_document_get_node(&r->tree, pair->key), key, len))
			return yaml_document_get_node(&r->tree, pair->value);
	return NULL;
}

/* Says what is wrong with what is at `path`, like "cards/0/devices/2/mac", or with what it would be in. */
__attribute__((format(printf, 3, 4)))
static int wrong(struct reader *r, const char *path, const char *format, ...)
{
	const yaml_node_t *node = yaml_document_get_root_node(&r->tree), *next = node;
	char message[CONFIG_WHY_BYTES];
	va_list args;

	while (*path && next) {
		size_t len = strcspn(path, "/");

		next = child(r, node, path, len);
		if (next)
			node = next;
		path += len + (path[len] == '/');
	}
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return wrong_at(r, node->start_mark.line + 1, node->start_mark.column + 1, "%s", message);
}

/* The first key `key` of a mapping that stands at `line` or after; NULL: there is none. */
static const yaml_node_t *find_key(struct reader *r, const char *key, size_t line)
{
	const yaml_node_t *node, *name, *first = NULL;

	for (int i = 1; (node = yaml_document_get_node(&r->tree, i)); i++) {
		if (node->type != YAML_MAPPING_NODE)
			continue;
		for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
			name = yaml_document_get_node(&r->tree, pair->key);
			if (is_scalar(name, key, strlen(key)) && name->start_mark.line + 1 >= line &&
			    (!first || name->start_mark.index < first->start_mark.index))
				first = name;
		}
	}
	return first;
}

/* ---- by the schema ---- */

/* Keeps the first line that libcyaml writes, and the first place. */
static void keep_message(cyaml_log_t level, void *context, const char *format, va_list args)
{
	static const char prefix[] = "Load: ";
	struct reader *r = context;
	char text[512], *place;

	(void)level;
	vsnprintf(text, sizeof(text), format, args);
	text[strcspn(text, "\n")] = '\0';
	place = strstr(text, "(line: ");
	if (place) {
		if (!r->line && sscanf(place, "(line: %zu, column: %zu)", &r->line, &r->column) != 2)
			r->line = 0;
	} else if (!r->said[0] && !strstr(text, "Backtrace")) {
		snprintf(r->said, sizeof(r->said), "%s",
			 text + (strncmp(text, prefix, strlen(prefix)) ? 0 : strlen(prefix)));
	}
}

/* What libcyaml has refused, in terms of the file. */
static int wrong_by_schema(struct reader *r, cyaml_err_t err)
{
	static const char unknown[] = "Unexpected key: ", missing[] = "Missing required mapping field: ";

	if (err == CYAML_ERR_OOM)
		return -ENOMEM;
	if (!strncmp(r->said, unknown, strlen(unknown))) {
		const char *key = r->said + strlen(unknown);
		const yaml_node_t *node = find_key(r, key, r->line);

		if (node)
			return wrong_at(r, node->start_mark.line + 1, node->start_mark.column + 1, "unknown key \"%s\"", key);
	}
	if (!strncmp(r->said, missing, strlen(missing)))
		return wrong_at(r, r->line, r->column, "\"%s\" is missing", r->said + strlen(missing));
	if (err == CYAML_ERR_ALIAS)
		return wrong_at(r, r->line, r->column, "anchors and aliases are not understood");
	return wrong_at(r, r->line, r->column, "%s", r->said[0] ? r->said : cyaml_strerror(err));
}

/* Makes the tree of the only document in the text. */
static int read_tree(struct reader *r, const char *text, size_t len)
{
	yaml_document_t more = { 0 };
	yaml_parser_t parser;
	bool several = false;
	int ret = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (!yaml_parser_load(&parser, &r->tree) || !yaml_parser_load(&parser, &more))
		ret = parser.error == YAML_MEMORY_ERROR ? -ENOMEM :
			wrong_at(r, parser.problem_mark.line + 1, parser.problem_mark.column + 1, "%s%s%s",
				 parser.problem ? parser.problem : "it is no YAML", parser.context ? " " : "",
				 parser.context ? parser.context : "");
	else
		several = yaml_document_get_root_node(&more);
	if (several)
		ret = wrong_at(r, more.start_mark.line + 1, more.start_mark.column + 1,
			       "a second document: there is to be one");
	yaml_document_delete(&more);
	yaml_parser_delete(&parser);
	if (!ret && !yaml_document_get_root_node(&r->tree))
		ret = wrong_at(r, 1, 1, "it is empty: without cards it says \"cards: []\"");
	return ret;
}

/* ---- by what it means ---- */

__attribute__((format(printf, 2, 3)))
static const char *path_of(char path[static 128], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(path, 128, format, args);
	va_end(args);
	return path;
}

static bool parse_number(const char *text, unsigned long min, unsigned long max, uint16_t *value)
{
	char *end;
	unsigned long number;

	if (!isdigit((unsigned char)*text))
		return false;
	number = strtoul(text, &end, 10);
	*value = (uint16_t)number;
	return !*end && number >= min && number <= max;
}

static const char *const features_names[] = {
	[CONFIG_FEATURES_DEFAULT] = "default",
	[CONFIG_FEATURES_ALL] = "all",
	[CONFIG_FEATURES_BASIC] = "basic",
};
#define FEATURES_COUNT (sizeof(features_names) / sizeof(features_names[0]))

const char *config_features_name(enum config_features features)
{
	return features_names[features];
}

static bool parse_features(const char *text, enum config_features *features)
{
	for (unsigned int i = 0; i < FEATURES_COUNT; i++)
		if (!strcmp(text, features_names[i])) {
			*features = (enum config_features)i;
			return true;
		}
	return false;
}

static bool is_unicast(const uint8_t mac[static VQNIC_MAC_BYTES])
{
	static const uint8_t zero[VQNIC_MAC_BYTES];

	return !(mac[0] & 1) && memcmp(mac, zero, sizeof(zero));
}

/* What a setting of a policy was given as; NULL: it was not. */
static const char *given(const struct file_policy *policy, const char *key)
{
	const struct {
		const char *key, *value;
	} scalars[] = {
		{ "spoofchk", policy->spoofchk }, { "trust", policy->trust }, { "port-vlan", policy->port_vlan },
		{ "pcp", policy->pcp }, { "vlans", policy->vlans }, { "macs-max", policy->macs_max },
	};

	for (size_t i = 0; i < sizeof(scalars) / sizeof(scalars[0]); i++)
		if (!strcmp(key, scalars[i].key))
			return scalars[i].value;
	return NULL;
}

static int check_macs(struct reader *r, const char *dev_path, const struct file_policy *file, struct vqnic_policy *policy)
{
	char path[128];

	VQNIC_GIVE(policy, VQNIC_FILTER_A_UNICAST);
	for (unsigned int i = 0; i < file->macs_count; i++) {
		uint8_t *mac = policy->macs[i];

		path_of(path, "%s/policy/macs/%u", dev_path, i);
		if (!address_parse_mac(file->macs[i], mac) || !is_unicast(mac))
			return wrong(r, path, "macs cannot have \"%s\": it is to be unicast, like 52:54:00:12:34:56",
				     file->macs[i]);
		for (unsigned int k = 0; k < i; k++)
			if (!memcmp(policy->macs[k], mac, VQNIC_MAC_BYTES))
				return wrong(r, path, "macs has %s twice", file->macs[i]);
		policy->mac_count++;
	}
	return 0;
}

/* Takes the policy, with the driver's default where the file says nothing. */
static int check_policy(struct reader *r, const char *dev_path, const struct file_policy *file, struct vqnic_policy *policy)
{
	static const struct file_policy none;
	char path[128];

	if (!file)
		file = &none;
	for (const struct setting *s = settings; s->key; s++) {
		const char *value = given(file, s->key);

		path_of(path, "%s/policy/%s", dev_path, s->key);
		if (value && !s->parse(value, policy))
			return wrong(r, path, "%s cannot be \"%s\": it is %s", s->key, value, s->values);
	}
	if (file->pcp && !policy->port_vlan)
		return wrong(r, path_of(path, "%s/policy/pcp", dev_path), "a priority needs a port-vlan");
	VQNIC_GIVE(policy, VQNIC_FILTER_A_SPOOF_CHECK);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_TRUST);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_PORT_VLAN);
	if (policy->port_vlan)
		VQNIC_GIVE(policy, VQNIC_FILTER_A_PCP);
	if (!VQNIC_HAS(policy, VQNIC_FILTER_A_VLANS))
		VQNIC_GIVE(policy, VQNIC_FILTER_A_ALL_VLANS);
	return check_macs(r, dev_path, file, policy);
}

static bool is_name(const char *text)
{
	return strlen(text) <= NAME_MAX_BYTES && isalnum((unsigned char)*text) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(text);
}

static int check_dev(struct reader *r, const char *dev_path, const struct file_dev *file, struct config_dev *dev)
{
	char path[128];

	if (!is_name(file->name))
		return wrong(r, path_of(path, "%s/name", dev_path),
			     "a device cannot be called \"%s\": it has at most %d letters, digits, or -_. after the first",
			     file->name, NAME_MAX_BYTES);
	if (config_find(r->config, file->name))
		return wrong(r, path_of(path, "%s/name", dev_path), "there are two devices \"%s\"", file->name);
	dev->name = strdup(file->name);
	if (!dev->name)
		return -ENOMEM;
	path_of(path, "%s/mac", dev_path);
	if (!address_parse_mac(file->mac, dev->mac) || !is_unicast(dev->mac))
		return wrong(r, path, "mac cannot be \"%s\": it is to be unicast, like 52:54:00:12:34:56", file->mac);
	for (size_t i = 0; i < r->config->dev_count; i++)
		if (!memcmp(r->config->devs[i].mac, dev->mac, sizeof(dev->mac)))
			return wrong(r, path, "%s is the address of %s already", file->mac, r->config->devs[i].name);
	dev->mtu = 1500;
	if (file->mtu && !parse_number(file->mtu, MTU_MIN, MTU_MAX, &dev->mtu))
		return wrong(r, path_of(path, "%s/mtu", dev_path), "mtu cannot be \"%s\": it is %d..%d", file->mtu, MTU_MIN,
			     MTU_MAX);
	dev->pairs = 1;
	if (file->max_vqp && !parse_number(file->max_vqp, 1, PAIRS_MAX, &dev->pairs))
		return wrong(r, path_of(path, "%s/max-vqp", dev_path), "max-vqp cannot be \"%s\": it is 1..%d",
			     file->max_vqp, PAIRS_MAX);
	if (file->features && !parse_features(file->features, &dev->features))
		return wrong(r, path_of(path, "%s/features", dev_path),
			     "features cannot be \"%s\": it is default, all or basic", file->features);
	return check_policy(r, dev_path, file->policy, &dev->policy);
}

static int check_card(struct reader *r, unsigned int index, const struct file_card *file)
{
	struct config *c = r->config;
	char path[128], *address = c->cards[index];
	int ret = 0;

	path_of(path, "cards/%u/address", index);
	if (!address_parse(file->address, address))
		return wrong(r, path, "address cannot be \"%s\": it is a PCI address, like 0000:00:05.0", file->address);
	for (unsigned int i = 0; i < index; i++)
		if (!strcmp(c->cards[i], address))
			return wrong(r, path, "card %s is there twice", address);
	c->card_count++;
	for (unsigned int i = 0; i < file->devs_count && !ret; i++) {
		struct config_dev *dev = &c->devs[c->dev_count];

		snprintf(dev->card, sizeof(dev->card), "%s", address);
		path_of(path, "cards/%u/devices/%u", index, i);
		ret = check_dev(r, path, &file->devs[i], dev);
		/* Also after an error, so that it is freed. */
		c->dev_count++;
	}
	return ret;
}

static int check_file(struct reader *r, const struct file *file)
{
	struct config *c = r->config;
	size_t devs = 0;
	int ret = 0;

	if (strcmp(file->version, "1"))
		return wrong(r, "version", "version \"%s\" is not understood: this is 1", file->version);
	for (unsigned int i = 0; i < file->cards_count; i++)
		devs += file->cards[i].devs_count;
	if (devs > CONFIG_DEVS_MAX)
		return wrong(r, "cards", "there are %zu devices, and %d at most are understood", devs, CONFIG_DEVS_MAX);
	c->cards = calloc(file->cards_count + 1, sizeof(*c->cards));
	c->devs = calloc(devs + 1, sizeof(*c->devs));
	if (!c->cards || !c->devs)
		return -ENOMEM;
	for (unsigned int i = 0; i < file->cards_count && !ret; i++)
		ret = check_card(r, i, &file->cards[i]);
	return ret;
}

/* Takes what the tree was made of, by the schema, and checks it. */
static int read_file(struct reader *r, const char *text, size_t len)
{
	const cyaml_config_t how = {
		.log_fn = keep_message, .log_ctx = r, .log_level = CYAML_LOG_ERROR, .mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	struct file *file = NULL;
	cyaml_err_t err;
	int ret;

	err = cyaml_load_data((const uint8_t *)text, len, &how, &schema_file, (cyaml_data_t **)&file, NULL);
	if (err)
		return wrong_by_schema(r, err);
	ret = check_file(r, file);
	cyaml_free(&how, &schema_file, file, 0);
	return ret;
}

int config_read(struct config **config, const char *text, size_t len, char why[static CONFIG_WHY_BYTES])
{
	struct reader r = { .why = why };
	int ret;

	*config = NULL;
	if (len > CONFIG_BYTES_MAX)
		return wrong_at(&r, 1, 1, "it has %zu bytes, and %d at most are understood", len, CONFIG_BYTES_MAX);
	r.config = config_none();
	if (!r.config)
		return -ENOMEM;
	ret = read_tree(&r, text, len);
	if (!ret)
		ret = read_file(&r, text, len);
	yaml_document_delete(&r.tree);
	if (ret) {
		config_free(r.config);
		return ret;
	}
	*config = r.config;
	return 0;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->dev_count; i++)
		free(config->devs[i].name);
	free(config->devs);
	free(config->cards);
	free(config);
}

struct config *config_none(void)
{
	return calloc(1, sizeof(struct config));
}

const struct config_dev *config_find(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->dev_count; i++)
		if (!strcmp(config->devs[i].name, name))
			return &config->devs[i];
	return NULL;
}
