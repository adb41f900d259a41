// SPDX-License-Identifier: Apache-2.0
#include "batch.h"
#include "cli.h"
#include "command.h"
#include "error.h"
#include "help.h"
#include "options.h"
#include "session.h"

/* The command whose words these are. */
static int run(char **words, unsigned int count, const struct options *options, const struct session *session,
	       const struct error_place *at)
{
	struct request request;

	if (!command_parse(words, count, &request, at))
		return EXIT_USAGE;
	if (options->output && !(request.command->flags & COMMAND_OUTPUT)) {
		error_say(at, "--output is for \"migrate save\" only");
		return EXIT_USAGE;
	}
	if (session->dry_run && !(request.command->flags & COMMAND_DRY_RUN)) {
		error_say(at, "--dry-run is for \"config apply\" only");
		return EXIT_USAGE;
	}
	if ((options->interval > 0 || options->count) && !(request.command->flags & COMMAND_AGAIN)) {
		error_say(at, "--interval and --count are for \"top\" only");
		return EXIT_USAGE;
	}
	if (options->output)
		request.file = options->output;
	return command_run(&request, session, at);
}

int cli_run(int argc, char **argv, FILE *in, FILE *out, FILE *err)
{
	const struct error_place at = { .file = err };
	char why[WHY_BYTES] = "";
	struct session session = { .file = out, .in = in, .why = why };
	struct options options;
	int first, status;

	first = options_parse(argc, argv, &options, &at);
	if (first < 0)
		return EXIT_USAGE;
	if (options.help) {
		help_print(out);
		return EXIT_DONE;
	}
	if (options.version) {
		fprintf(out, "vqnicctl %s\n", VQNIC_VERSION);
		return EXIT_DONE;
	}
	if (options.batch && first < argc) {
		error_say(&at, "unexpected argument \"%s\": with a batch the commands are in its file", argv[first]);
		return EXIT_USAGE;
	}
	if (options.batch && options.output) {
		error_say(&at, "--output is for \"migrate save\", which no batch can have");
		return EXIT_USAGE;
	}
	if (options.batch && options.dry_run) {
		error_say(&at, "--dry-run is for \"config apply\" alone, and for no batch");
		return EXIT_USAGE;
	}
	if (options.batch && (options.interval > 0 || options.count)) {
		error_say(&at, "--interval and --count are for \"top\", which no batch can have");
		return EXIT_USAGE;
	}
	session.format = options.format;
	session.color = options_color(&options, out);
	session.stats = options.stats;
	session.dry_run = options.dry_run;
	session.socket = options.socket;
	session.interval = options.interval > 0 ? options.interval : 1;
	session.count = options.count;
	session.vq = vqnic_new();
	if (!session.vq) {
		error_say(&at, "out of memory");
		return EXIT_REFUSED;
	}
	if (options.batch)
		status = batch_run(options.batch, in, options.force, &session, err);
	else
		status = run(argv + first, (unsigned int)(argc - first), &options, &session, &at);
	vqnic_free(session.vq);
	return status;
}
