// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keeper.h"
#include "store.h"

/* A wanted state. */
struct wanted {
	struct config *config;
	char *text;		/* NULL: nobody has said one */
	size_t len;
};

struct keeper {
	struct vqnic *vq;
	struct store *store;
	struct wanted wanted;
	struct wanted tried;	/* the last one that was looked at or refused: plans point into it */
	struct names own;	/* devices that vqnicd may have made; the store has all of them */
	bool own_unsure;	/* and may have others: a write has failed */
};

__attribute__((format(printf, 3, 4)))
static int fail(char why[static KEEPER_WHY_BYTES], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, KEEPER_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

static void wanted_clear(struct wanted *w)
{
	config_free(w->config);
	free(w->text);
	*w = (struct wanted){ 0 };
}

/* Takes a copy of the text, and what it says. */
static int wanted_read(struct wanted *w, const char *text, size_t len, char why[static KEEPER_WHY_BYTES])
{
	char said[CONFIG_WHY_BYTES];
	int ret;

	wanted_clear(w);
	ret = config_read(&w->config, text, len, said);
	if (ret)
		return fail(why, ret, "%s", ret == -ENOMEM ? "out of memory" : said);
	w->text = malloc(len + 1);
	if (!w->text) {
		wanted_clear(w);
		return fail(why, -ENOMEM, "out of memory");
	}
	memcpy(w->text, text, len);
	w->text[len] = '\0';
	w->len = len;
	return 0;
}

/* ---- the store ---- */

static int load_state(struct keeper *k, const char *where, char why[static KEEPER_WHY_BYTES])
{
	char said[STORE_WHY_BYTES], wrong[KEEPER_WHY_BYTES];
	size_t len;
	char *text;
	int ret;

	ret = store_read(k->store, STORE_STATE, &text, &len, said);
	if (ret == -ENOENT) {
		k->wanted.config = config_none();
		return k->wanted.config ? 0 : fail(why, -ENOMEM, "out of memory");
	}
	if (ret)
		return fail(why, ret, "%s", said);
	ret = wanted_read(&k->wanted, text, len, wrong);
	free(text);
	return ret ? fail(why, ret, "the state in the store %.300s is wrong: %.600s", where, wrong) : 0;
}

static int load_own(struct keeper *k, char why[static KEEPER_WHY_BYTES])
{
	char said[STORE_WHY_BYTES];
	size_t len;
	char *text;
	int ret;

	ret = store_read(k->store, STORE_OWN, &text, &len, said);
	if (ret == -ENOENT)
		return 0;
	if (ret)
		return fail(why, ret, "%s", said);
	if (!names_add_lines(&k->own, text))
		ret = fail(why, -ENOMEM, "out of memory");
	free(text);
	return ret;
}

static int write_own(struct keeper *k, const struct names *own, char why[static KEEPER_WHY_BYTES])
{
	char said[STORE_WHY_BYTES], *text = names_text(own);
	int ret;

	if (!text)
		return fail(why, -ENOMEM, "out of memory");
	ret = store_write(k->store, STORE_OWN, text, strlen(text), said);
	free(text);
	return ret ? fail(why, ret, "%s", said) : 0;
}

/* As vqnicd's own, the store has `own` from now on, which is taken over, or as before. */
static int put_own(struct keeper *k, struct names *own, char why[static KEEPER_WHY_BYTES])
{
	int ret = write_own(k, own, why);

	k->own_unsure = ret;
	if (!ret) {
		names_clear(&k->own);
		k->own = *own;
	} else {
		/* It has the one or the other. */
		names_keep(&k->own, own);
		names_clear(own);
	}
	return ret;
}

/* What the plan makes is vqnicd's own: if it ends meanwhile, it must know that when it runs again. */
static int own_more(struct keeper *k, const struct plan *plan, char why[static KEEPER_WHY_BYTES])
{
	struct names own = { 0 };
	bool memory = true;

	for (size_t i = 0; i < k->own.count && memory; i++)
		memory = names_add(&own, k->own.names[i]);
	for (size_t i = 0; i < plan->count && memory; i++)
		if (plan->changes[i].what == CHANGE_ADD)
			memory = names_add(&own, plan->changes[i].dev);
	if (memory && own.count != k->own.count)
		return put_own(k, &own, why);
	names_clear(&own);
	return memory ? 0 : fail(why, -ENOMEM, "out of memory");
}

/* What somebody else has made meanwhile under a name of the plan's is not vqnicd's own. */
static void disown(struct keeper *k, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].taken) {
			names_remove(&k->own, plan->changes[i].dev);
			k->own_unsure = true;
		}
}

/* Whether nothing was done with the device: it was refused, its card is away, or somebody was faster. */
static bool is_left_out(const struct plan *plan, const struct config_dev *dev)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		if ((change->what == CHANGE_WAIT || change->taken) &&
		    !strcmp(change->dev ? change->dev : change->card, change->dev ? dev->name : dev->card))
			return true;
	}
	return false;
}

/* What is vqnicd's own after the plan. False: no memory. */
static bool own_after(const struct keeper *k, const struct plan *plan, struct names *own)
{
	bool away = false;

	for (size_t i = 0; i < k->wanted.config->dev_count; i++) {
		const struct config_dev *dev = &k->wanted.config->devs[i];

		/* What somebody else has made, or will have, stays theirs. */
		if ((names_have(&k->own, dev->name) || !is_left_out(plan, dev)) && !names_add(own, dev->name))
			return false;
	}
	for (size_t i = 0; i < plan->count; i++) {
		const struct change *change = &plan->changes[i];

		away = away || (change->what == CHANGE_WAIT && !change->dev);
		if (change->what == CHANGE_REMOVE && !change->done && !names_add(own, change->dev))
			return false;
	}
	/* What there will be of a card when it comes back is not known. */
	for (size_t i = 0; away && i < k->own.count; i++)
		if (!names_add(own, k->own.names[i]))
			return false;
	return true;
}

/*
 * What is wanted is vqnicd's own, and what could not be removed yet, and nothing else. It does no harm if that cannot be
 * written now: it is tried again after the next plan.
 */
static void settle_own(struct keeper *k, const struct plan *plan)
{
	char why[KEEPER_WHY_BYTES];
	struct names own = { 0 };

	if (!own_after(k, plan, &own) || (names_same(&own, &k->own) && !k->own_unsure))
		names_clear(&own);
	else
		put_own(k, &own, why);
}

int keeper_open(struct keeper **keeper, const char *where, struct vqnic *vq, char why[static KEEPER_WHY_BYTES])
{
	struct keeper *k = calloc(1, sizeof(*k));
	char said[STORE_WHY_BYTES];
	int ret;

	*keeper = NULL;
	if (!k)
		return fail(why, -ENOMEM, "out of memory");
	k->vq = vq;
	ret = store_open(&k->store, where, said);
	if (ret)
		fail(why, ret, "%s", said);
	else
		ret = load_state(k, where, why);
	if (!ret)
		ret = load_own(k, why);
	if (ret)
		keeper_close(k);
	else
		*keeper = k;
	return ret;
}

void keeper_close(struct keeper *keeper)
{
	if (!keeper)
		return;
	wanted_clear(&keeper->wanted);
	wanted_clear(&keeper->tried);
	names_clear(&keeper->own);
	store_close(keeper->store);
	free(keeper);
}

const char *keeper_text(const struct keeper *keeper, size_t *len)
{
	*len = keeper->wanted.len;
	return keeper->wanted.text;
}

/* ---- what there is ---- */

static int make_plan(struct keeper *k, struct plan **plan, enum plan_mode mode, const struct config *want,
		     char why[static KEEPER_WHY_BYTES])
{
	char said[PLAN_WHY_BYTES];
	struct actual *actual;
	int ret;

	*plan = NULL;
	ret = actual_read(k->vq, &actual);
	if (ret)
		return fail(why, ret, "%s", vqnic_error(k->vq));
	ret = plan_make(plan, mode, want, &k->own, actual, said);
	actual_free(actual);
	return ret ? fail(why, ret, "%s", said) : 0;
}

static int run_plan(struct keeper *k, struct plan *plan, enum plan_mode mode, char why[static KEEPER_WHY_BYTES])
{
	char said[PLAN_WHY_BYTES];
	int ret = plan_run(plan, mode, k->vq, said);

	return ret ? fail(why, ret, "%s", said) : 0;
}

int keeper_reconcile(struct keeper *keeper, struct plan **plan, char why[static KEEPER_WHY_BYTES])
{
	int ret;

	ret = make_plan(keeper, plan, PLAN_MOST, keeper->wanted.config, why);
	if (ret)
		return ret;
	ret = own_more(keeper, *plan, why);
	if (!ret)
		ret = run_plan(keeper, *plan, PLAN_MOST, why);
	disown(keeper, *plan);
	if (ret) {
		plan_free(*plan);
		*plan = NULL;
		return ret;
	}
	settle_own(keeper, *plan);
	return 0;
}

int keeper_diff(struct keeper *keeper, struct plan **plan, const char *text, size_t len, char why[static KEEPER_WHY_BYTES])
{
	int ret;

	*plan = NULL;
	if (!text)
		return make_plan(keeper, plan, PLAN_MOST, keeper->wanted.config, why);
	ret = wanted_read(&keeper->tried, text, len, why);
	return ret ? ret : make_plan(keeper, plan, PLAN_ALL, keeper->tried.config, why);
}

/* After `err` of the state that was tried: makes what there is be what it was. Returns `err`. */
static int roll_back(struct keeper *k, int err, char why[static KEEPER_WHY_BYTES])
{
	char said[KEEPER_WHY_BYTES], first[KEEPER_WHY_BYTES];
	struct plan *plan;

	snprintf(first, sizeof(first), "%s", why);
	if (keeper_reconcile(k, &plan, said))
		return fail(why, err, "%.500s; and what was there before cannot be restored: %.400s", first, said);
	if (plan_pending(plan))
		fail(why, err, "%.500s; what was there before comes back when it can", first);
	plan_free(plan);
	return err;
}

/* Writes the state that was tried. */
static int write_state(struct keeper *k, const char *text, size_t len, char why[static KEEPER_WHY_BYTES])
{
	char said[STORE_WHY_BYTES], ignored[STORE_WHY_BYTES], *is;
	size_t is_len;
	bool same;
	int ret;

	ret = store_write(k->store, STORE_STATE, text, len, said);
	if (!ret || store_read(k->store, STORE_STATE, &is, &is_len, ignored))
		return ret ? fail(why, ret, "%s", said) : 0;
	/* What failed may have been the last step, that it is on its disk: the store has it, so it counts. */
	same = is_len == len && !memcmp(is, text, len);
	free(is);
	return same ? 0 : fail(why, ret, "%s", said);
}

int keeper_apply(struct keeper *keeper, struct plan **plan, const char *text, size_t len,
		 char why[static KEEPER_WHY_BYTES])
{
	struct wanted before;
	int ret;

	ret = keeper_diff(keeper, plan, text, len, why);
	if (ret)
		return ret;
	ret = own_more(keeper, *plan, why);
	if (!ret)
		ret = run_plan(keeper, *plan, PLAN_ALL, why);
	if (!ret)
		ret = write_state(keeper, text, len, why);
	if (ret) {
		disown(keeper, *plan);
		plan_free(*plan);
		*plan = NULL;
		return roll_back(keeper, ret, why);
	}
	before = keeper->wanted;
	keeper->wanted = keeper->tried;
	keeper->tried = before;
	settle_own(keeper, *plan);
	return 0;
}
