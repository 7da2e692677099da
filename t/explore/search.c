/*
 * The choices of a run.  All runs of a search are the leaves of a tree, which
 * is walked depth first: a run repeats the recorded choices, and takes the
 * first way at each new one; then the last choice that has another way left
 * takes that.
 */
#include "config.h"

#include "explore.h"

#define DEPTH	4096
#define FIRST	65	/* percent of random choices that take the first way */

static struct {
	unsigned short taken, ways;
} path[DEPTH];
static int recorded;
static uint64_t random_state;
int depth;
int bound;
bool random_mode;

void
search_begin(void)
{
	recorded = 0;
}

void
search_restart(void)
{
	depth = 0;
}

void
search_seed(uint64_t seed)
{
	random_state = 88172645463325252u + seed;
}

/* Marsaglia's xorshift. */
static unsigned int
random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 20);
}

static int
choose_at_random(int ways)
{
	if (random_number() % 100 < FIRST)
		return 0;
	return (int)(random_number() % (unsigned int)ways);
}

int
choose(int ways)
{
	if (ways == 1)
		return 0;
	if (random_mode)
		return choose_at_random(ways);
	if (depth == DEPTH)
		explore_fail("more than %d choices", DEPTH);
	if (depth == recorded) {
		path[depth].taken = 0;
		path[depth].ways = (unsigned short)ways;
		recorded++;
	} else if (path[depth].ways != ways)
		explore_fail("choice %d has %d ways, and had %d before", depth,
		    ways, path[depth].ways);
	return path[depth++].taken;
}

void
search_end_run(void)
{
	if (!random_mode && depth != recorded)
		explore_fail("the same choices gave a shorter run");
}

bool
search_next(void)
{
	for (; recorded > 0; recorded--)
		if (++path[recorded - 1].taken < path[recorded - 1].ways)
			return true;
	return false;
}
