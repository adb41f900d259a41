// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/virtio_config.h>

#include "ask.h"
#include "health.h"

/* A card that is looked at. */
struct check {
	struct out *out;
	struct vqnic *vq;
	const struct vqnic_card *card;
	uint64_t problems;	/* that were found */
};

/* ---- cards and devices ---- */

/* Opens a problem; close_problem() says what helps. `dev` NULL: it is the card's. */
static void open_problem(struct check *c, const char *what, const char *dev)
{
	struct out *o = c->out;

	/* The verdict comes before them. */
	if (!c->problems) {
		out_colored(o, "verdict", OUT_BAD, "bad");
		out_open_array(o, "problems");
	}
	out_open_item(o, "problem", "number", c->problems++);
	out_colored(o, "what", OUT_BAD, what);
	if (dev)
		out_colored(o, "dev", OUT_NAME, dev);
}

static void close_problem(struct check *c, const char *cure)
{
	out_line(c->out);
	out_string(c->out, "cure", cure);
	out_close(c->out);
}

static void check_queue(struct check *c, const struct vqnic_dev *dev, const struct vqnic_queue *queue)
{
	if (!queue->fault)
		return;
	open_problem(c, "queue_fault", dev->name);
	out_uint(c->out, "queue", queue->index);
	out_colored(c->out, "fault", OUT_BAD, queue->fault_name ? queue->fault_name : "unknown");
	close_problem(c, "reset the device: unbind and bind its driver, or reboot the guest; "
		      "docs/troubleshooting.md says where the fault comes from");
}

static int check_dev(const struct vqnic_dev *dev, void *opaque)
{
	struct check *c = opaque;

	for (size_t i = 0; i < dev->queue_count; i++)
		check_queue(c, dev, &dev->queues[i]);
	if (dev->status & VIRTIO_CONFIG_S_NEEDS_RESET) {
		open_problem(c, "needs_reset", dev->name);
		close_problem(c, "its driver has to reset the device: unbind and bind it, or reboot the guest");
	}
	if (dev->status & VIRTIO_CONFIG_S_FAILED) {
		open_problem(c, "failed", dev->name);
		close_problem(c, "its driver has given up: the log of the guest's kernel says why");
	}
	if (VQNIC_HAS(dev, VQNIC_A_DEV_STATE) && dev->state == VQNIC_DEV_STATE_SUSPENDED) {
		char cure[160];

		snprintf(cure, sizeof(cure), "\"vqnicctl migrate resume %.64s\", if nobody migrates it", dev->name);
		open_problem(c, "suspended", dev->name);
		close_problem(c, cure);
	}
	return 0;
}

/* A dead card is all that is wrong with it: what its devices are is known when it is back. */
static int check_live(struct check *c)
{
	int ret;

	if (VQNIC_HAS(c->card, VQNIC_A_CARD_LINK) && !c->card->link) {
		open_problem(c, "link_down", NULL);
		close_problem(c, "look after the cable, and the port at its other end");
	}
	ret = vqnic_devs(c->vq, c->card->name, NULL, check_dev, c);
	/* The card has gone meanwhile. */
	return ret == -ENODEV ? 0 : ret;
}

static int check_card(const struct vqnic_card *card, void *opaque)
{
	struct check c = *(const struct check *)opaque;
	int ret = 0;

	c.card = card;
	out_open_object(c.out, card->name);
	if (card->dead) {
		char cure[160];

		snprintf(cure, sizeof(cure), "devlink health recover pci/%.32s reporter card", card->name);
		open_problem(&c, "dead", NULL);
		close_problem(&c, cure);
	} else {
		ret = check_live(&c);
	}
	if (c.problems)
		out_close(c.out);
	else
		out_colored(c.out, "verdict", OUT_GOOD, "good");
	out_close(c.out);
	return ret;
}

/* ---- vqnicd ---- */

static void show_text(struct out *o, const char *key, const char *text)
{
	if (!text || !*text)
		return;
	out_line(o);
	out_colored(o, key, OUT_BAD, text);
}

static void show_status(struct out *o, json_object *status)
{
	json_object *configured, *in_step;
	const char *error = answer_text(status, "error"), *cure = NULL;

	out_bool(o, "running", true);
	if (json_object_object_get_ex(status, "configured", &configured)) {
		out_bool(o, "configured", json_object_get_boolean(configured));
		if (!json_object_get_boolean(configured))
			cure = "\"vqnicctl config apply FILE\" says what is wanted";
	}
	if (json_object_object_get_ex(status, "in_step", &in_step)) {
		out_bool(o, "in_step", json_object_get_boolean(in_step));
		if (!json_object_get_boolean(in_step))
			cure = error && *error ? "\"journalctl -u vqnicd\" has more" :
			       "it comes about when it can: \"vqnicctl config diff\" says what is missing";
	}
	show_text(o, "pending", answer_text(status, "pending"));
	show_text(o, "error", error);
	if (cure) {
		out_line(o);
		out_string(o, "cure", cure);
	}
}

/* Without vqnicd cards are as good as with it. */
static void check_vqnicd(struct out *o, const struct session *session)
{
	json_object *status;
	int ret;

	out_open_object(o, "vqnicd");
	ret = ask_vqnicd(session, "status", NULL, &status);
	if (!ret) {
		show_status(o, status);
	} else {
		out_bool(o, "running", ret != -ECONNREFUSED);
		if (ret != -ECONNREFUSED)
			show_text(o, "error", *session->why ? session->why : vqnic_error(session->vq));
		out_line(o);
		out_string(o, "cure", ret == -ECONNREFUSED ? "\"systemctl start vqnicd\", if devices are to be kept as a file says" :
			   "\"journalctl -u vqnicd\" has more");
	}
	out_close(o);
	json_object_put(status);
	*session->why = '\0';
}

int health_show(const struct request *request, const struct session *session, struct show *show)
{
	struct check check = { .out = show->out, .vq = session->vq };
	int ret;

	ret = vqnic_cards(session->vq, request->card, check_card, &check);
	if (!ret)
		check_vqnicd(show->out, session);
	return ret;
}
