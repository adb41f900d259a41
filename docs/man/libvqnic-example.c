// SPDX-License-Identifier: Apache-2.0
/* The example of libvqnic(3). Tests build it against what was installed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vqnic/vqnic.h>

static int print(const struct vqnic_card *card, void *opaque)
{
	unsigned int *cards = (unsigned int *)opaque;

	++*cards;
	printf("%s", card->name);
	if (VQNIC_HAS(card, VQNIC_A_CARD_PAIRS))
		printf(": %u of %u queue pairs are used", card->pairs_used, card->pairs);
	printf("\n");
	return 0;
}

int main(void)
{
	struct vqnic *vq = vqnic_new();
	unsigned int cards = 0;
	int ret = vq ? vqnic_cards(vq, NULL, print, &cards) : -ENOMEM;

	if (ret == -ENOENT)
		printf("the driver is not loaded\n");
	else if (ret)
		fprintf(stderr, "%s\n", vq ? vqnic_error(vq) : strerror(-ret));
	else
		printf("%u cards\n", cards);
	vqnic_free(vq);
	return ret && ret != -ENOENT;
}
