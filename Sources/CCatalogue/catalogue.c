// #embed is C23; clang and gcc know it in C17 too, and SwiftPM gives C sources no standard of their own.
#pragma clang diagnostic ignored "-Wc23-extensions"
#include "CCatalogue.h"

static const unsigned char catalogue[] = {
#embed "catalogue.json"
};

const unsigned char *purser_catalogue(void) { return catalogue; }
size_t purser_catalogue_size(void) { return sizeof catalogue; }
