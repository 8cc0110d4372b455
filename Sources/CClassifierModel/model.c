// #embed is C23; clang and gcc know it in C17 too, and SwiftPM gives C sources no standard of their own.
#pragma clang diagnostic ignored "-Wc23-extensions"
#include "CClassifierModel.h"

static _Alignas(64) const unsigned char model[] = {
#embed "classifier.bin"
};

const unsigned char *purser_classifier_model(void) { return model; }
size_t purser_classifier_model_size(void) { return sizeof model; }
