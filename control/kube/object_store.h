// The objects of a cluster as they are now.
#pragma once

#include <array>
#include <map>
#include <set>

#include "control/kube/objects.h"

namespace sallyport::kube {

class ObjectStore {
 public:
  using Objects = std::map<ObjectName, ObjectPtr>;

  /// What was there before, or null. A null `object` removes.
  ObjectPtr put(Kind kind, const ObjectName& name, ObjectPtr object);

  /// Null: there is none.
  const Object* find(Kind kind, const ObjectName& name) const;
  ObjectPtr share(Kind kind, const ObjectName& name) const;
  const Objects& all(Kind kind) const { return objects_[static_cast<size_t>(kind)]; }

  /// The EndpointSlices of a Service, by their names.
  std::vector<const Object*> slices(const ObjectName& service) const;

 private:
  Objects& of(Kind kind) { return objects_[static_cast<size_t>(kind)]; }
  void index(const ObjectPtr& slice, bool there);

  std::array<Objects, kKinds> objects_;
  std::map<ObjectName, std::set<ObjectName>> slices_;  // by Service
};

/// The Service that an EndpointSlice belongs to.
ObjectName service_of(const Object& slice);

}  // namespace sallyport::kube
