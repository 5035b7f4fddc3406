#include "temporal/common/observer.h"

namespace temporal {

Observer& SilentObserver() {
  static Observer observer;
  return observer;
}

}  // namespace temporal
