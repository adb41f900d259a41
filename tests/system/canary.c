// SPDX-License-Identifier: Apache-2.0
/*
 * canary: a page of memory that nobody may touch. Prints its physical address, waits for the end of its input, and fails if
 * a byte of it has changed. The address is not below 1 GiB: guests in the host VM have less.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, PAGES = 65536 };

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_FRAME ((UINT64_C(1) << 55) - 1)
#define ADDRESS_MIN (UINT64_C(1) << 30)

static uint64_t physical(int pagemap, const unsigned char *page)
{
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * sizeof(entry))) != sizeof(entry) ||
	    !(entry & PAGEMAP_PRESENT))
		return 0;
	return (entry & PAGEMAP_FRAME) * PAGE;
}

static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + 0x5a);
}

int main(void)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	unsigned char *pages, *page;
	char line[64];

	pages = mmap(NULL, (size_t)PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pagemap < 0 || pages == MAP_FAILED) {
		perror("canary");
		return 2;
	}
	/* One page after another, until one is high enough. */
	for (page = pages; page < pages + (size_t)PAGES * PAGE; page += PAGE) {
		for (size_t i = 0; i < PAGE; i++)
			page[i] = pattern(i);
		if (!mlock(page, PAGE) && physical(pagemap, page) >= ADDRESS_MIN)
			break;
	}
	if (page == pages + (size_t)PAGES * PAGE) {
		fprintf(stderr, "canary: no page above 1 GiB\n");
		return 2;
	}
	printf("%llx\n", (unsigned long long)physical(pagemap, page));
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		;
	for (size_t i = 0; i < PAGE; i++) {
		if (page[i] != pattern(i)) {
			fprintf(stderr, "canary: byte %zu is %#x, it was %#x\n", i, page[i], pattern(i));
			return 1;
		}
	}
	return 0;
}
