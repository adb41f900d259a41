// SPDX-License-Identifier: Apache-2.0
/*
 * connections PATH COUNT: connects COUNT times to the UNIX socket at PATH, says "connected", and says nothing on them until
 * it is killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned long count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (!count || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fprintf(stderr, "usage: connections PATH COUNT\n");
		return 1;
	}
	strcpy(address.sun_path, argv[1]);
	for (unsigned long i = 0; i < count; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		/* Who is refused is closed by the other side, later. */
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
			perror("connections");
			return 1;
		}
	}
	puts("connected");
	fflush(stdout);
	pause();
	return 0;
}
