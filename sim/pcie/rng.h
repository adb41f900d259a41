/* SPDX-License-Identifier: Apache-2.0 */
/* Reproducible random numbers (splitmix64): for models and tests, not for secrets. */
#ifndef RNG_H
#define RNG_H

#include <stdbool.h>
#include <stdint.h>

/* Next 64 random bits of the sequence that *state is at; any start value will do. */
static inline uint64_t rng_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A number in [low, high]. */
static inline uint64_t rng_range(uint64_t *state, uint64_t low, uint64_t high)
{
	return low + rng_next(state) % (high - low + 1);
}

/* True `out_of_256` times out of 256, on average. */
static inline bool rng_chance(uint64_t *state, unsigned int out_of_256)
{
	return (rng_next(state) & 0xff) < out_of_256;
}

#endif
