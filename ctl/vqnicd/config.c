// SPDX-License-Identifier: Apache-2.0
/*
 * The text is first made a tree by libyaml, which is compared with the schema: so each complaint has its place.
 * libcyaml, which knows only the place of what is around, then takes the text by that schema, and has nothing left to refuse.
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

/* A file has mappings and sequences in each other seven deep; libyaml takes long for thousands. */
#define DEPTH_MAX 16

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
	/* What is quoted must not end the line, nor colour a terminal, and may be cut off within a character. */
	for (char *c = r->why; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return -EINVAL;
}

/* The same, at a node of the tree. */
#define WRONG_NODE(r, node, ...) wrong_at(r, (node)->start_mark.line + 1, (node)->start_mark.column + 1, __VA_ARGS__)

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
	return WRONG_NODE(r, node, "%s", message);
}

/* ---- by the schema ---- */

static int check_node(struct reader *r, yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what);

static int check_scalar(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE)
		return WRONG_NODE(r, node, "%s is to be one value", what);
	if (!node->data.scalar.length)
		return WRONG_NODE(r, node, "%s has no value", what);
	if (node->data.scalar.length > SCALAR_MAX_BYTES)
		return WRONG_NODE(r, node, "%s has more than %d bytes", what, SCALAR_MAX_BYTES);
	if (strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
		return WRONG_NODE(r, node, "%s has a NUL in it", what);
	return 0;
}

static int check_sequence(struct reader *r, const yaml_node_t *node, const cyaml_schema_value_t *schema,
			  const char *what)
{
	yaml_node_item_t *items;
	char each[64];
	size_t count;
	int ret = 0;

	if (node->type != YAML_SEQUENCE_NODE)
		return WRONG_NODE(r, node, "%s is to be a list, with \"- \" before each entry, or []", what);
	snprintf(each, sizeof(each), "each of %s", what);
	items = node->data.sequence.items.start;
	count = (size_t)(node->data.sequence.items.top - items);
	for (size_t i = 0; i < count && !ret; i++) {
		yaml_node_t *entry = yaml_document_get_node(&r->tree, items[i]);

		ret = i < schema->sequence.max ? check_node(r, entry, schema->sequence.entry, each) :
			WRONG_NODE(r, entry, "%s has more than %u entries", what, schema->sequence.max);
	}
	return ret;
}

static int check_mapping(struct reader *r, const yaml_node_t *node, const cyaml_schema_value_t *schema,
			  const char *what)
{
	const cyaml_schema_field_t *fields = schema->mapping.fields;
	unsigned int given = 0, i;
	char field[64];
	int ret = 0;

	if (node->type != YAML_MAPPING_NODE)
		return WRONG_NODE(r, node, "%s is to have keys, with \": \" and a value behind each", what);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; !ret && pair < node->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *key = yaml_document_get_node(&r->tree, pair->key);

		if (key->type != YAML_SCALAR_NODE)
			return WRONG_NODE(r, key, "a key is to be one word");
		for (i = 0; fields[i].key && !is_scalar(key, fields[i].key, strlen(fields[i].key)); i++)
			;
		if (!fields[i].key)
			return WRONG_NODE(r, key, "unknown key \"%s\"", key->data.scalar.value);
		if (given >> i & 1)
			return WRONG_NODE(r, key, "\"%s\" is given twice", fields[i].key);
		given |= 1U << i;
		snprintf(field, sizeof(field), "\"%s\"", fields[i].key);
		ret = check_node(r, yaml_document_get_node(&r->tree, pair->value), &fields[i].value, field);
	}
	for (i = 0; fields[i].key && !ret; i++)
		if (!(given >> i & 1) && !(fields[i].value.flags & CYAML_FLAG_OPTIONAL))
			ret = WRONG_NODE(r, node, "\"%s\" is missing", fields[i].key);
	return ret;
}

/* Whether the tree from `node` on is as the schema says. `what` is what to call it. */
static int check_node(struct reader *r, yaml_node_t *node, const cyaml_schema_value_t *schema, const char *what)
{
	switch (schema->type) {
	case CYAML_MAPPING:
		return check_mapping(r, node, schema, what);
	case CYAML_SEQUENCE:
		return check_sequence(r, node, schema, what);
	default:
		return check_scalar(r, node, what);
	}
}

/* Takes what libyaml complains of. */
static int wrong_yaml(struct reader *r, const yaml_parser_t *parser, const char *text)
{
	size_t line = parser->problem_mark.line + 1, column = parser->problem_mark.column + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	/* Of what is no text there is no mark, but how many bytes are before it. */
	if (parser->error == YAML_READER_ERROR) {
		line = column = 1;
		for (size_t i = 0; i < parser->problem_offset; i++, column++)
			if (text[i] == '\n') {
				line++;
				column = 0;
			}
	}
	return wrong_at(r, line, column, "%s%s%s", parser->problem ? parser->problem : "it is no YAML",
			parser->context ? " " : "", parser->context ? parser->context : "");
}

static bool open_parser(yaml_parser_t *parser, const char *text, size_t len)
{
	if (!yaml_parser_initialize(parser))
		return false;
	yaml_parser_set_input_string(parser, (const unsigned char *)text, len);
	return true;
}

/* By how much deeper one is behind a token. */
static int depth_of(yaml_token_type_t type)
{
	switch (type) {
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
		return 1;
	case YAML_BLOCK_END_TOKEN:
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
		return -1;
	default:
		return 0;
	}
}

/*
 * Refuses what is not UTF-8, as who asks for the text gets JSON, and what makes libyaml slow, before there is a tree: many
 * anchors, each of which it compares with all before it, and thousands of levels.
 */
static int check_tokens(struct reader *r, const char *text, size_t len)
{
	yaml_token_type_t type = YAML_NO_TOKEN;
	yaml_parser_t parser;
	yaml_token_t token;
	int ret = 0, depth = 0;

	if (!open_parser(&parser, text, len))
		return -ENOMEM;
	while (type != YAML_STREAM_END_TOKEN && !ret) {
		if (!yaml_parser_scan(&parser, &token)) {
			ret = wrong_yaml(r, &parser, text);
			break;
		}
		type = token.type;
		depth += depth_of(type);
		if (depth > DEPTH_MAX)
			ret = WRONG_NODE(r, &token, "it is nested more than %d deep", DEPTH_MAX);
		else if (type == YAML_ANCHOR_TOKEN || type == YAML_ALIAS_TOKEN)
			ret = WRONG_NODE(r, &token, "anchors and aliases are not understood");
		else if (type == YAML_STREAM_START_TOKEN && token.data.stream_start.encoding != YAML_UTF8_ENCODING)
			ret = wrong_at(r, 1, 1, "it is to be UTF-8");
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return ret;
}

/* Makes the tree of the only document in the text. */
static int read_tree(struct reader *r, const char *text, size_t len)
{
	yaml_document_t more = { 0 };
	yaml_parser_t parser;
	int ret = 0;

	if (!open_parser(&parser, text, len))
		return -ENOMEM;
	if (!yaml_parser_load(&parser, &r->tree) || !yaml_parser_load(&parser, &more))
		ret = wrong_yaml(r, &parser, text);
	else if (yaml_document_get_root_node(&more))
		ret = WRONG_NODE(r, &more, "a second document: there is to be one");
	else if (!yaml_document_get_root_node(&r->tree))
		ret = wrong_at(r, 1, 1, "it is empty: without cards it says \"cards: []\"");
	yaml_document_delete(&more);
	yaml_parser_delete(&parser);
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
	const cyaml_config_t how = { .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS };
	struct file *file = NULL;
	cyaml_err_t err;
	int ret;

	err = cyaml_load_data((const uint8_t *)text, len, &how, &schema_file, (cyaml_data_t **)&file, NULL);
	if (err)
		return err == CYAML_ERR_OOM ? -ENOMEM : wrong_at(r, 1, 1, "%s", cyaml_strerror(err));
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
	ret = check_tokens(&r, text, len);
	if (!ret)
		ret = read_tree(&r, text, len);
	if (!ret)
		ret = check_node(&r, yaml_document_get_root_node(&r.tree), &schema_file, "the file");
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
